/* SPDX-License-Identifier: BSD-2-Clause */
/* What a completion's status means (NVMe 1.4, 4.6.1; NVMe 2.0 where it has added codes). */
#include "drivers/nvme/nvme.h"

enum { TYPES = 4 };

/*
 * A byte with the code, words, a zero; ascending. In one string a type, since a table of pointers
 * would cost more than the words do.
 */
static const char *const words[TYPES] = {
	/* generic: any command */
	"\x01" "no such command\0"
	"\x02" "invalid field in the command\0"
	"\x03" "command identifier in use\0"
	"\x04" "data transfer error\0"
	"\x05" "aborted by loss of power\0"
	"\x06" "internal error\0"
	"\x07" "aborted, as it took too long\0"
	"\x08" "aborted, its queue was deleted\0"
	"\x09" "aborted with its fused command\0"
	"\x0a" "its fused command is missing\0"
	"\x0b" "no such namespace, or wrong format\0"
	"\x0c" "commands in the wrong order\0"
	"\x0d" "invalid SGL segment\0"
	"\x0e" "wrong number of SGL descriptors\0"
	"\x0f" "wrong SGL length\0"
	"\x10" "wrong SGL length of metadata\0"
	"\x11" "invalid SGL type\0"
	"\x12" "wrong use of controller memory\0"
	"\x13" "invalid PRP offset\0"
	"\x14" "more than can be written at once\0"
	"\x15" "denied\0"
	"\x16" "invalid SGL offset\0"
	"\x18" "inconsistent host identifiers\0"
	"\x19" "keep alive timer expired\0"
	"\x1a" "invalid keep alive time\0"
	"\x1b" "aborted by another host\0"
	"\x1c" "sanitize failed\0"
	"\x1d" "sanitize in progress\0"
	"\x1e" "invalid SGL granularity\0"
	"\x1f" "not allowed in controller memory\0"
	"\x20" "write protected\0"
	"\x21" "interrupted\0"
	"\x22" "transient transport error\0"
	"\x23" "prohibited by lockdown\0"
	"\x24" "medium not ready\0"
	"\x80" "block out of range\0"
	"\x81" "capacity exceeded\0"
	"\x82" "namespace not ready\0"
	"\x83" "reserved by another host\0"
	"\x84" "format in progress\0",

	/* of particular commands */
	"\x00" "invalid completion queue\0"
	"\x01" "invalid queue number\0"
	"\x02" "invalid queue size\0"
	"\x03" "too many aborts\0"
	"\x05" "too many event requests\0"
	"\x06" "invalid firmware slot\0"
	"\x07" "invalid firmware image\0"
	"\x08" "invalid interrupt vector\0"
	"\x09" "no such log page\0"
	"\x0a" "invalid format\0"
	"\x0b" "firmware wants a reset of the slot\0"
	"\x0c" "queues deleted in the wrong order\0"
	"\x0d" "feature cannot be saved\0"
	"\x0e" "feature cannot be changed\0"
	"\x0f" "feature is not of a namespace\0"
	"\x10" "firmware wants a subsystem reset\0"
	"\x11" "firmware wants a controller reset\0"
	"\x12" "firmware takes longer than allowed\0"
	"\x13" "firmware refused\0"
	"\x14" "overlapping range\0"
	"\x15" "not enough capacity\0"
	"\x16" "no namespace number left\0"
	"\x18" "namespace attached already\0"
	"\x19" "namespace of another controller\0"
	"\x1a" "namespace not attached\0"
	"\x1b" "no thin provisioning\0"
	"\x1c" "invalid list of controllers\0"
	"\x1d" "self-test in progress\0"
	"\x1e" "boot partition is write protected\0"
	"\x1f" "invalid controller number\0"
	"\x20" "invalid secondary controller state\0"
	"\x21" "invalid number of resources\0"
	"\x22" "invalid resource number\0"
	"\x23" "no sanitize with persistent memory\0"
	"\x24" "invalid ANA group\0"
	"\x25" "ANA attach failed\0"
	"\x26" "not enough capacity\0"
	"\x27" "too many namespaces attached\0"
	"\x28" "cannot prohibit that command\0"
	"\x29" "no such command set\0"
	"\x2a" "command set not enabled\0"
	"\x2b" "command sets do not go together\0"
	"\x2c" "invalid command set\0"
	"\x2d" "identifier not available\0"
	"\x80" "conflicting attributes\0"
	"\x81" "invalid protection information\0"
	"\x82" "write to a read-only range\0"
	"\x83" "command too long\0"
	"\xb8" "across a zone's end\0"
	"\xb9" "zone full\0"
	"\xba" "zone read-only\0"
	"\xbb" "zone offline\0"
	"\xbc" "not at the zone's write pointer\0"
	"\xbd" "too many active zones\0"
	"\xbe" "too many open zones\0"
	"\xbf" "invalid zone transition\0",

	/* media and data integrity */
	"\x80" "write fault\0"
	"\x81" "unrecovered read error\0"
	"\x82" "guard check failed\0"
	"\x83" "application tag check failed\0"
	"\x84" "reference tag check failed\0"
	"\x85" "compare failure\0"
	"\x86" "access denied\0"
	"\x87" "deallocated or unwritten block\0"
	"\x88" "storage tag check failed\0",

	/* path */
	"\x00" "internal path error\0"
	"\x01" "namespace lost for good (ANA)\0"
	"\x02" "namespace inaccessible (ANA)\0"
	"\x03" "namespace in transition (ANA)\0"
	"\x60" "controller path error\0"
	"\x70" "host path error\0"
	"\x71" "aborted by the host\0",
};

const char *nvme_status_words(u16 status)
{
	unsigned type = status >> 8 & 7, code = status & 0xff;

	if (!(status & NVME_STATUS_CODE))
		return "success";
	if (type < TYPES) {
		const char *at = words[type];

		/* The first code may be 0, further ones may not: that is the end. */
		do {
			if ((u8)*at == code)
				return at + 1;
			while (*++at)
				;
		} while (*++at);
	}
	return type == 7 ? "an error of the vendor's own" : "an unknown error";
}

int nvme_status_error(u16 status)
{
	switch (status & NVME_STATUS_CODE) {
	case 0:
		return 0;
	case NVME_INVALID_OPCODE:
		return -ENOTSUP;
	case NVME_ABORTED:
		return -ETIMEDOUT;
	case NVME_INVALID_FIELD:
		return -EINVAL;
	case NVME_INVALID_NAMESPACE:
		return -ENODEV;
	case NVME_WRITE_PROTECTED:
	case NVME_READ_ONLY_RANGE:
		return -EROFS;
	case NVME_OUT_OF_RANGE:
		return -ERANGE;
	case NVME_CAPACITY:
		return -ENOSPC;
	case NVME_COMPARE_FAILURE:
		return -EILSEQ;
	default:
		return -EIO;
	}
}
