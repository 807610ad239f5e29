/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an NVMe controller and its host have in common: registers, commands, completions, and what
 * it says of itself. Section numbers are those of the NVMe base specification 1.4.
 */
#pragma once
#include "lib/endian.h"

/* ---- Registers (3.1) ---- */

enum {
	NVME_CAP = 0x00,		/* 64 bits */
	NVME_VS = 0x08,
	NVME_INTMS = 0x0c, NVME_INTMC = 0x10,
	NVME_CC = 0x14,
	NVME_CSTS = 0x1c,
	NVME_AQA = 0x24,
	NVME_ASQ = 0x28,		/* 64 bits */
	NVME_ACQ = 0x30,		/* 64 bits */
	NVME_CRTO = 0x68,		/* NVMe 2.0: in bits 15:0 what CAP.TO is too short for */
	NVME_DOORBELLS = 0x1000,	/* SQ 0's tail, CQ 0's head, SQ 1's tail, ... */
};
#define NVME_GONE 0xffffffffu		/* what a register reads as that nobody answers for */

/* CAP (3.1.1) */
static inline u32 nvme_cap_mqes(u64 cap) { return (u32)cap & 0xffff; }	/* entries, less 1 */
static inline u32 nvme_cap_to(u64 cap) { return cap >> 24 & 0xff; }	/* in 500 ms */
static inline u32 nvme_cap_dstrd(u64 cap) { return cap >> 32 & 0xf; }	/* 4 << this apart */
static inline u32 nvme_cap_css(u64 cap) { return cap >> 37 & 0xff; }
static inline u32 nvme_cap_mpsmin(u64 cap) { return cap >> 48 & 0xf; }	/* 4096 << this */
static inline bool nvme_cap_crwms(u64 cap) { return cap >> 59 & 1; }	/* CRTO is valid */
enum { NVME_CSS_NVM = 0x01, NVME_CSS_SEVERAL = 0x40, NVME_CSS_NO_IO = 0x80 };

/* VS (3.1.2) */
enum { NVME_VS_1_1 = 0x010100 };

/* CC (3.1.5) */
enum {
	NVME_CC_EN = 1 << 0,
	NVME_CC_CSS_SEVERAL = 6 << 4,	/* else the NVM command set alone */
	NVME_CC_MPS_SHIFT = 7,
	NVME_CC_SHN = 3 << 14,
	NVME_CC_SHN_NORMAL = 1 << 14,
	NVME_CC_IOSQES = 6 << 16,	/* 64 bytes */
	NVME_CC_IOCQES = 4 << 20,	/* 16 bytes */
};

/* CSTS (3.1.6) */
enum {
	NVME_CSTS_RDY = 1 << 0,
	NVME_CSTS_CFS = 1 << 1,
	NVME_CSTS_SHST = 3 << 2,
	NVME_CSTS_SHST_DONE = 2 << 2,
};

/* ---- Commands (4.2) and completions (4.6) ---- */

/* 4.4. Lists of descriptors lie in memory; a segment descriptor says where. */
struct nvme_sgl {
	le64 address;
	le32 bytes;
	u8 reserved[3];
	u8 type;			/* enum nvme_sgl_type, in bits 7:4 */
};
_Static_assert(sizeof(struct nvme_sgl) == 16, "NVMe 1.4, 4.4.1");

enum nvme_sgl_type {
	NVME_SGL_DATA = 0x00,
	NVME_SGL_BIT_BUCKET = 0x10,
	NVME_SGL_LAST_SEGMENT = 0x30,
};

struct nvme_command {
	u8 opcode;
	u8 flags;			/* NVME_PSDT_SGL, or 0: PRPs */
	le16 cid;
	le32 nsid;
	le32 cdw2, cdw3;
	le64 mptr;
	union {
		struct { le64 prp1, prp2; };
		struct nvme_sgl sgl;
	};
	le32 cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};
_Static_assert(sizeof(struct nvme_command) == 64, "NVMe 1.4, 4.2");

enum { NVME_PSDT_SGL = 1 << 6 };	/* mptr is an address all the same */

struct nvme_completion {
	le32 dw0, dw1;
	le16 sqhd, sqid;
	le16 cid;
	le16 status;			/* phase in bit 0 */
};
_Static_assert(sizeof(struct nvme_completion) == 16, "NVMe 1.4, 4.6");

/* Status, without the phase below it (4.6.1): type in bits 10:8, code in bits 7:0 */
enum {
	NVME_STATUS_CODE = 0x7ff,	/* both */
	NVME_STATUS_DNR = 1 << 14,	/* do not retry */
};

/* Those that are more than words to somebody */
enum nvme_status {
	NVME_INVALID_OPCODE = 0x001,
	NVME_INVALID_FIELD = 0x002,
	NVME_ABORTED = 0x007,		/* as an Abort command asked */
	NVME_INVALID_NAMESPACE = 0x00b,
	NVME_WRITE_PROTECTED = 0x020,
	NVME_OUT_OF_RANGE = 0x080,
	NVME_CAPACITY = 0x081,
	NVME_READ_ONLY_RANGE = 0x182,
	NVME_COMPARE_FAILURE = 0x285,
};

/* Admin commands (5) */
enum nvme_admin_opcode {
	NVME_DELETE_SQ = 0x00,
	NVME_CREATE_SQ = 0x01,
	NVME_GET_LOG_PAGE = 0x02,
	NVME_DELETE_CQ = 0x04,
	NVME_CREATE_CQ = 0x05,
	NVME_IDENTIFY = 0x06,
	NVME_ABORT = 0x08,
	NVME_SET_FEATURES = 0x09,
	NVME_DOORBELL_BUFFER_CONFIG = 0x7c,
	NVME_FORMAT = 0x80,
};

/* NVM commands (6) */
enum nvme_opcode {
	NVME_FLUSH = 0x00,
	NVME_WRITE = 0x01,
	NVME_READ = 0x02,
	NVME_COMPARE = 0x05,
	NVME_WRITE_ZEROES = 0x08,
	NVME_DATASET_MANAGEMENT = 0x09,
};

/* dword 12 of read, write, compare and write zeroes (6.15); below it the number of blocks less 1 */
#define NVME_RW_FUA		(1u << 30)
#define NVME_RW_PRACT		(1u << 29)
#define NVME_RW_PRCHK_GUARD	(1u << 28)
#define NVME_RW_PRCHK_REF	(1u << 26)

/* Dataset management (6.7): dword 11, and what a range is */
enum { NVME_DSM_DEALLOCATE = 1 << 2 };
struct nvme_dsm_range {
	le32 attributes, blocks;
	le64 lba;
};
_Static_assert(sizeof(struct nvme_dsm_range) == 16, "NVMe 1.4, 6.7.1");

/* Queues (5.3, 5.4): dword 11 */
enum { NVME_QUEUE_CONTIGUOUS = 1 << 0 };

/* Features (5.21.1) */
enum nvme_feature {
	NVME_FEATURE_CACHE = 0x06,		/* volatile write cache: 1 is on */
	NVME_FEATURE_QUEUES = 0x07,
	NVME_FEATURE_POWER_TRANSITIONS = 0x0c,	/* autonomous ones: 1 is on */
	NVME_FEATURE_HOST_MEMORY = 0x0d,	/* dword 11: 1 is on */
};

/* Host memory buffer (5.21.1.13), in pages of CC.MPS */
struct nvme_host_memory {
	le64 address;
	le32 pages, reserved;
};
_Static_assert(sizeof(struct nvme_host_memory) == 16, "NVMe 1.4, 5.21.1.13");

/* ---- Identify (5.15) ---- */

enum nvme_cns {
	NVME_CNS_NAMESPACE = 0x00,
	NVME_CNS_CONTROLLER = 0x01,
	NVME_CNS_ACTIVE_LIST = 0x02,	/* 1024 namespace ids greater than the given one, le32 */
};
enum { NVME_IDENTIFY_BYTES = 4096, NVME_LIST_IDS = 1024 };

struct nvme_id_controller {
	le16 vid, ssvid;
	char sn[20], mn[40], fr[8];	/* padded with blanks, not terminated */
	u8 rab, ieee[3], cmic;
	u8 mdts;			/* 4096 << (CAP.MPSMIN + this) bytes; 0: no limit */
	le16 cntlid;
	le32 ver, rtd3r;
	le32 rtd3e;			/* microseconds a shutdown takes; 0: unknown */
	le32 oaes, ctratt;
	u8 reserved100[156];
	le16 oacs;
	u8 acl, aerl, frmw, lpa, elpe, npss, avscc;
	u8 apsta;
	le16 wctemp, cctemp, mtfa;
	le32 hmpre, hmmin;		/* in 4 KiB; 0: no host memory buffer */
	u8 tnvmcap[16], unvmcap[16];
	le32 rpmbs;
	le16 edstt;
	u8 dsto, fwug;
	le16 kas, hctma, mntmt, mxtmt;
	le32 sanicap, hmminds;
	le16 hmmaxd;
	u8 reserved338[174];
	u8 sqes, cqes;			/* required in bits 3:0, maximum in 7:4; powers of two */
	le16 maxcmd;
	le32 nn;			/* the largest namespace id */
	le16 oncs, fuses;
	u8 fna;
	u8 vwc;				/* bit 0: there is a volatile write cache */
	le16 awun, awupf;
	u8 nvscc, nwpc;
	le16 acwu, reserved534;
	le32 sgls;
	le32 mnan;
	u8 reserved544[224];
	char subnqn[256];
	u8 reserved1024[3072];
};
_Static_assert(offsetof(struct nvme_id_controller, mdts) == 77 &&
	       offsetof(struct nvme_id_controller, oacs) == 256 &&
	       offsetof(struct nvme_id_controller, hmpre) == 272 &&
	       offsetof(struct nvme_id_controller, sanicap) == 328 &&
	       offsetof(struct nvme_id_controller, sqes) == 512 &&
	       offsetof(struct nvme_id_controller, vwc) == 525 &&
	       offsetof(struct nvme_id_controller, sgls) == 536 &&
	       offsetof(struct nvme_id_controller, subnqn) == 768 &&
	       sizeof(struct nvme_id_controller) == NVME_IDENTIFY_BYTES, "NVMe 1.4, 5.15.2.2");

enum { NVME_OACS_DOORBELL_BUFFER = 1 << 8 };
enum { NVME_ONCS_COMPARE = 1 << 0, NVME_ONCS_DSM = 1 << 2, NVME_ONCS_WRITE_ZEROES = 1 << 3 };
enum { NVME_VWC_PRESENT = 1 << 0 };
enum {
	NVME_SGLS = 3,			/* 0: none; 1: any address and length; 2: multiples of 4 */
	NVME_SGLS_BYTES = 1,
	NVME_SGLS_DWORDS = 2,
	NVME_SGLS_BIT_BUCKET = 1 << 16,
};

struct nvme_lba_format {
	le16 ms;			/* metadata bytes */
	u8 lbads;			/* data bytes: 1 << this; 0: the format does not exist */
	u8 rp;
};

struct nvme_id_namespace {
	le64 nsze, ncap, nuse;		/* in blocks; size 0: inactive */
	u8 nsfeat;
	u8 nlbaf;			/* formats, less 1 */
	u8 flbas;			/* the format in bits 6:5 and 3:0; NVME_FLBAS_EXTENDED */
	u8 mc, dpc;
	u8 dps;				/* protection information type in bits 2:0; 0: none */
	u8 nmic, rescap, fpi, dlfeat;
	le16 nawun, nawupf, nacwu, nabsn, nabo, nabspf, noiob;
	u8 nvmcap[16];
	le16 npwg, npwa, npdg, npda, nows;
	u8 reserved74[18];
	le32 anagrpid;
	u8 reserved96[3];
	u8 nsattr;			/* bit 0: write protected now */
	le16 nvmsetid, endgid;
	u8 nguid[16], eui64[8];
	struct nvme_lba_format lbaf[64];	/* 16 before NVMe 2.0 */
	u8 vendor[3712];
};
_Static_assert(sizeof(struct nvme_lba_format) == 4 &&
	       offsetof(struct nvme_id_namespace, nvmcap) == 48 &&
	       offsetof(struct nvme_id_namespace, nsattr) == 99 &&
	       offsetof(struct nvme_id_namespace, lbaf) == 128 &&
	       sizeof(struct nvme_id_namespace) == NVME_IDENTIFY_BYTES, "NVMe 1.4, 5.15.2.1");

enum { NVME_FLBAS_EXTENDED = 1 << 4 };	/* metadata follows the data of each block */
enum { NVME_DPS_TYPE = 7, NVME_DPS_TYPE1 = 1 };
enum { NVME_NSATTR_PROTECTED = 1 << 0 };
enum { NVME_PI_BYTES = 8 };		/* of metadata that are protection information (8.3) */

static inline unsigned nvme_flbas_index(u8 flbas)
{
	return (flbas & 0xf) | (flbas >> 5 & 3) << 4;
}

/* ---- Log pages (5.14.1) ---- */

enum nvme_log { NVME_LOG_ERROR = 0x01, NVME_LOG_SMART = 0x02 };

struct nvme_error_entry {
	le64 count;			/* 0: no entry */
	le16 sqid, cid, status, location;
	le64 lba;
	le32 nsid;
	u8 vendor, trtype, reserved30[2];
	le64 command_specific;
	u8 reserved40[24];
};
_Static_assert(sizeof(struct nvme_error_entry) == 64, "NVMe 1.4, 5.14.1.1");

/* Numbers of 16 bytes are little-endian; the upper half of each is 0 for a long time yet. */
struct nvme_smart {
	u8 critical_warning;
	u8 temperature[2];		/* kelvin, little-endian */
	u8 spare, spare_threshold, used;	/* in percent */
	u8 reserved6[26];
	le64 units_read[2], units_written[2];	/* of 512,000 bytes */
	le64 reads[2], writes[2];
	le64 busy_minutes[2], power_cycles[2], power_on_hours[2], unsafe_shutdowns[2];
	le64 media_errors[2], error_entries[2];
	le32 warning_minutes, critical_minutes;
	le16 sensors[8];
	u8 reserved216[296];
};
_Static_assert(offsetof(struct nvme_smart, unsafe_shutdowns) == 144 &&
	       offsetof(struct nvme_smart, sensors) == 200 &&
	       sizeof(struct nvme_smart) == 512, "NVMe 1.4, 5.14.1.2");
