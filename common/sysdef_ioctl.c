/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * What stands behind the third argument of an ioctl. Three sources, in this order:
 *
 * - the table ioctls.def;
 * - the number itself, when it was made by _IOR, _IOW or _IOWR: direction and size. All of these are inputs and
 *   outputs, and what comes back ends with the last byte that has changed: what a driver leaves alone stays as it was;
 * - a number that says nothing passes a small argument on (it can be no pointer: nothing is mapped below 64 KiB) and is
 *   refused with ENOTTY, as if the device did not know it, when the argument could be a pointer.
 *
 * Drivers whose structures are known to hold pointers are refused as a whole: a pointer of the guest would be followed in
 * the home process.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/blkpg.h>
#include <linux/btrfs.h>
#include <linux/cdrom.h>
#include <linux/dm-ioctl.h>
#include <linux/fb.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsmap.h>
#include <linux/fsverity.h>
#include <linux/hdreg.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/if_vlan.h>
#include <linux/input.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/nsfs.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/serial.h>
#include <linux/sockios.h>
#include <linux/soundcard.h>
#include <linux/uinput.h>
#include <linux/vm_sockets.h>
#include <linux/vt.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "common/sysargs.h"
#include "common/syscmds.h"

/* Newer than the oldest headers that this compiles with, or in headers that cannot be included here */
#define OM_PAGEMAP_SCAN		     _IOWR('f', 16, char[96])
#define OM_PROCMAP_QUERY	     _IOWR('f', 17, char[104])
#define OM_BTRFS_IOC_ENCODED_READ    _IOR(BTRFS_IOCTL_MAGIC, 64, char[128])
#define OM_BTRFS_IOC_ENCODED_WRITE   _IOW(BTRFS_IOCTL_MAGIC, 64, char[128])
#define OM_SCSI_IOCTL_GET_IDLUN	     0x5382
#define OM_SCSI_IOCTL_GET_BUS_NUMBER 0x5386
#define OM_SG_GET_VERSION_NUM	     0x2282

/* An argument below this cannot be a pointer */
#define POINTER_MIN 65536u

/* clang-format off */
#define IOCTL(name, arg) { #name, (uint32_t)(name), 0, SYS_HOME, RET_VALUE, { arg } },
#define IOCTL_NO(name, err) { #name, (uint32_t)(name), 0, SYS_DENY, RET_##err, { NONE } },
static const struct cmddef ioctl_rows[] = {
#include "ioctls.def"
};
#undef IOCTL
#undef IOCTL_NO
/* clang-format on */

const struct cmdtable ioctl_table = { ioctl_rows, sizeof(ioctl_rows) / sizeof(ioctl_rows[0]), 0, UINT32_MAX, NULL };

/* clang-format off */
/* Types (the letter of _IO) of drivers whose structures hold pointers, as far as ioctls.def does not know better */
static const uint8_t refused_types[] = {
	'A',  /* sound: PCM */
	'M',  /* memory technology devices */
	'N',  /* NVMe */
	'U',  /* USB devices, sound control */
	'V',  /* video */
	'X',  /* XFS */
	'b',  /* binder */
	'd',  /* graphics */
	';',  /* VFIO */
	'|',  /* media */
	0x22, /* SCSI generic */
	0xae, /* virtual machines */
	0xaf, /* vhost */
};
/* clang-format on */

/**
 * type_refused() - Does this driver's letter stand for structures with pointers?
 */
static bool type_refused(uint32_t cmd)
{
	for (size_t i = 0; i < sizeof(refused_types); i++)
		if (_IOC_TYPE(cmd) == refused_types[i])
			return true;
	return false;
}

void ioctl_guess(uint32_t cmd, uint64_t arg, struct sysdef *def, struct sysarg *out)
{
	static const struct sysarg scalar = LONG;

	if (type_refused(cmd)) {
		def->where = SYS_DENY;
		def->ret = ENOTTY;
		return;
	}
	if (_IOC_DIR(cmd) != _IOC_NONE && _IOC_SIZE(cmd)) {
		*out = (struct sysarg){ ARG_MEM, DIR_INOUT, SIZE_FIXED, TRIM_DIFF, 0, _IOC_SIZE(cmd) };
	} else if (arg < POINTER_MIN) {
		*out = scalar;
	} else {
		def->where = SYS_DENY;
		def->ret = ENOTTY;
	}
}
