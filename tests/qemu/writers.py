# SPDX-License-Identifier: BSD-2-Clause
"""Boot configurations and UKIs written by the programs that write them on Debian machines.

The programs (tools/debian-fetch writers) work on a directory that stands for the boot partition.
u-boot-update knows only the system's own /boot: it is run as a copy with other paths.
"""
import os
import re
import shutil
import subprocess

import images
import linux

WRITERS = images.BUILD / "debian-writers"
SYSTEMD = WRITERS / "usr/lib/kernel/install.d"
STUBS = {"riscv64": "linuxriscv64.efi.stub", "aarch64": "linuxaa64.efi.stub"}
EFI_ARCH = {"riscv64": "riscv64", "aarch64": "aa64"}
MACHINE_ID = "6f1c1b9f3a0e4c52a4d7b1c8e92d5a37"
OS_RELEASE = ('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nID=debian\n'
              'VERSION_ID="13"\n')


def version_of(kernel):
    data = kernel.read_bytes()
    return re.search(rb"Linux version (\S+)", data)[1].decode()


def run(command, **environment):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          env={**os.environ, **{k: str(v) for k, v in environment.items()}})
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def u_boot_menu(root, kernel, initrd, arguments, own_partition):
    """u-boot-update, after a kernel's installation in /boot. What its volume then holds, and the
    command line."""
    boot, version = root / "boot", version_of(kernel)
    (root / "etc/default").mkdir(parents=True)
    (root / f"usr/lib/linux-image-{version}").mkdir(parents=True)
    boot.mkdir()
    (root / "etc/os-release").write_text(OS_RELEASE)
    (root / "etc/fstab").write_text("# <file system> <mount point> <type>\n"
                                    "UUID=1234-ABCD / ext4 errors=remount-ro 0 1\n")
    (root / "etc/default/u-boot").write_text(f'U_BOOT_PARAMETERS="{arguments}"\n')
    shutil.copy(kernel, boot / f"vmlinuz-{version}")
    shutil.copy(initrd, boot / f"initrd.img-{version}")

    for name in "usr/share/u-boot-menu/read-config", "usr/sbin/u-boot-update":
        text = (WRITERS / name).read_text()
        for old, new in [('"/boot/extlinux"', f'"{boot}/extlinux"'), ('"/boot/$', f'"{boot}/$'),
                         ("/etc/", f"{root}/etc/"), ("/usr/share/", f"{root}/usr/share/"),
                         ('"${_BOOT_PATH}', f'"{root}${{_BOOT_PATH}}')]:
            text = text.replace(old, new)
        program(root / name, text)
    # What it asks of the system: who runs it, which kernels there are, which file systems.
    program(root / "bin/id", "#!/bin/sh\necho 0\n")
    program(root / "bin/linux-version",
            f"#!/bin/sh\ncase $1 in list) ls {boot}/vmlinuz-* ;; *) cat ;; esac\n")
    program(root / "bin/stat", f"""#!/bin/sh
for last; do :; done
[ {int(own_partition)} = 1 ] && [ "$last" = /boot ] && echo 2 || echo 1
""")
    run([root / "usr/sbin/u-boot-update"], PATH=f"{root}/bin:{os.environ['PATH']}")
    expected = f"root=UUID=1234-ABCD {arguments}"
    return (f"{boot}:/" if own_partition else f"{boot}:/boot"), expected


def boot_partition(root):
    """As `bootctl install` leaves it."""
    esp = root / "esp"
    (esp / "loader/entries").mkdir(parents=True)
    (esp / "EFI/Linux").mkdir(parents=True)
    (esp / "loader/loader.conf").write_text("#timeout 3\n#console-mode keep\n")
    (esp / "loader/entries.srel").write_text("type1\n")
    (esp / "loader/random-seed").write_bytes(os.urandom(32))
    return esp


def settings(root, esp, layout, token):
    """The environment of kernel-install's scripts."""
    conf, staging = root / "etc/kernel", root / "staging"
    conf.mkdir(parents=True, exist_ok=True)
    staging.mkdir(exist_ok=True)
    return {"KERNEL_INSTALL_LAYOUT": layout, "KERNEL_INSTALL_MACHINE_ID": MACHINE_ID,
            "KERNEL_INSTALL_ENTRY_TOKEN": token, "KERNEL_INSTALL_BOOT_ROOT": esp,
            "KERNEL_INSTALL_CONF_ROOT": conf, "KERNEL_INSTALL_STAGING_AREA": staging,
            "KERNEL_INSTALL_VERBOSE": 0, "BOOT_MNT": esp}


def kernel_install(root, kernel, initrd, arguments, tries=None, token=MACHINE_ID):
    """`kernel-install add`, layout bls. What its volume then holds, and the command line."""
    esp, version = boot_partition(root), version_of(kernel)
    environment = settings(root, esp, "bls", token)
    (root / "etc/kernel/cmdline").write_text(f"# for the kernel\n{arguments}\n")
    if tries:
        (root / "etc/kernel/tries").write_text(f"{tries}\n")
    installed = root / f"initrd.img-{version}"
    shutil.copy(initrd, installed)
    folder = esp / token / version
    folder.mkdir(parents=True)
    run([SYSTEMD / "90-loaderentry.install", "add", version, folder, kernel, installed],
        **environment)
    return f"{esp}:/", arguments + (f" systemd.machine_id={MACHINE_ID}"
                                    if token == MACHINE_ID else "")


def ukify(to, arch, kernel, initrd, arguments, *options):
    run(["/usr/bin/python3", WRITERS / "usr/bin/ukify", "build", f"--linux={kernel}",
         f"--initrd={initrd}", f"--cmdline={arguments}", f"--os-release={OS_RELEASE}",
         f"--uname={version_of(kernel)}", f"--efi-arch={EFI_ARCH[arch]}", f"--output={to}",
         f"--stub={WRITERS / 'usr/lib/systemd/boot/efi' / STUBS[arch]}", *options],
        PYTHONPATH=WRITERS / "usr/lib/python3/dist-packages")


def uki_install(root, arch, kernel, initrd, arguments, tries=None):
    """ukify, then `kernel-install add`, layout uki."""
    esp = boot_partition(root)
    environment = settings(root, esp, "uki", "debian")
    if tries:
        (root / "etc/kernel/tries").write_text(f"{tries}\n")
    ukify(root / "uki.efi", arch, kernel, initrd, arguments)
    run([SYSTEMD / "90-uki-copy.install", "add", version_of(kernel), esp / "debian",
         root / "uki.efi"], **environment)
    return f"{esp}:/", arguments


def write(form, root, arch, kernel, arguments):
    """A volume's files, as SOURCE:/PLACE of tools/mkdisk, and what the command line will be."""
    image, initrd = images.kernel(kernel), linux.initramfs(kernel)
    return {
        "u-boot-menu": lambda: u_boot_menu(root, image, initrd, arguments, True),
        "u-boot-menu-in-root": lambda: u_boot_menu(root, image, initrd, arguments, False),
        "kernel-install": lambda: kernel_install(root, image, initrd, arguments),
        "kernel-install-tries": lambda: kernel_install(root, image, initrd, arguments, 3, "debian"),
        "ukify": lambda: uki_install(root, arch, image, initrd, arguments),
        "ukify-tries": lambda: uki_install(root, arch, image, initrd, arguments, 3),
    }[form]()


FORMS = ["u-boot-menu", "u-boot-menu-in-root", "kernel-install", "kernel-install-tries", "ukify",
         "ukify-tries"]
