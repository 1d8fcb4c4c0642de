/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Some programs cannot run elsewhere, and it is better to know before they begin than to refuse them a call in the
 * middle. A process can be traced by one process alone, and a guest is by its node's helper; so a debugger on the worker
 * could trace nobody. At home, where the deputy lets go of it, it and all that it starts are as they ever were. The
 * same holds for a program with a leak checker in it, which has a process of its own stop and read all others at its end. And
 * who watches with fanotify(7) what all others do to files would see the deputy's doings, too; or hold them up, which nobody else
 * could end.
 *
 * Which programs these are is in the names with which they are linked: who imports ptrace(2) means to call it. A sanitizer
 * that is linked in exports the name, to watch who calls it, and its own calls need no name. Programs that have no table
 * of dynamic names cannot be known; ptrace fails for them there with EPERM. So it does for those that try all calls
 * there are, and are not sent home for one of them.
 *
 * The file is the user's: what does not hold together in it means that there are no such names.
 */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deputy/stays.h"

#define PHDRS_MAX   64u
#define DYNAMIC_MAX 512u
#define NAMES_MAX   (1ul << 20) /* larger ones are of programs that export what plug-ins need; not looked into */

/**
 * struct dynamic - Where the dynamic names are in a file
 * @load:	Its headers of segments
 * @load_nr:	Their number
 * @symbols:	Address of the table of symbols
 * @names:	Address of their names
 * @names_len:	Size of these
 */
struct dynamic {
	Elf64_Phdr load[PHDRS_MAX];
	unsigned int load_nr;
	uint64_t symbols, names, names_len;
};

/* Names that say it; @imported: only if another object defines it */
static const struct {
	const char *name;
	bool imported;
	const char *why;
} telling[] = {
	{ "__asan_init", false, "it has a leak checker, which traces it" },
	{ "__lsan_init", false, "it has a leak checker, which traces it" },
	{ "ptrace", true, "it traces programs" },
	{ "fanotify_init", true, "it watches what others do to files" },
};

/* Programs for which ptrace is one call among hundreds that they try */
static const char *const triers[] = { "stress-ng" };

/* All of @len bytes at @at? */
static bool read_at(int fd, void *buf, size_t len, uint64_t at)
{
	return pread(fd, buf, len, (off_t)at) == (ssize_t)len;
}

/* Where in the file is what will be at @addr? 0: nowhere */
static uint64_t file_offset(const struct dynamic *dyn, uint64_t addr)
{
	for (unsigned int i = 0; i < dyn->load_nr; i++) {
		const Elf64_Phdr *ph = &dyn->load[i];

		if (ph->p_type == PT_LOAD && addr >= ph->p_vaddr && addr - ph->p_vaddr < ph->p_filesz)
			return ph->p_offset + (addr - ph->p_vaddr);
	}
	return 0;
}

/* Find the tables of the file with header @eh */
static bool dynamic_find(int fd, const Elf64_Ehdr *eh, struct dynamic *dyn)
{
	Elf64_Dyn entry[DYNAMIC_MAX];
	size_t nr = 0;

	if (!eh->e_phnum || eh->e_phnum > PHDRS_MAX || eh->e_phentsize != sizeof(Elf64_Phdr))
		return false;
	dyn->load_nr = eh->e_phnum;
	if (!read_at(fd, dyn->load, dyn->load_nr * sizeof(dyn->load[0]), eh->e_phoff))
		return false;
	for (unsigned int i = 0; i < dyn->load_nr; i++) {
		const Elf64_Phdr *ph = &dyn->load[i];

		if (ph->p_type == PT_DYNAMIC && ph->p_filesz <= sizeof(entry) &&
		    read_at(fd, entry, ph->p_filesz, ph->p_offset))
			nr = ph->p_filesz / sizeof(entry[0]);
	}
	for (size_t i = 0; i < nr && entry[i].d_tag != DT_NULL; i++) {
		switch (entry[i].d_tag) {
		case DT_SYMTAB:
			dyn->symbols = file_offset(dyn, entry[i].d_un.d_ptr);
			break;
		case DT_STRTAB:
			dyn->names = file_offset(dyn, entry[i].d_un.d_ptr);
			break;
		case DT_STRSZ:
			dyn->names_len = entry[i].d_un.d_val;
			break;
		default:
			break;
		}
	}
	return dyn->symbols && dyn->names > dyn->symbols && dyn->names_len && dyn->names_len <= NAMES_MAX;
}

/* Has it a symbol without a definition whose name is at @name? Linkers put the names behind the symbols */
static bool imports(int fd, const struct dynamic *dyn, uint64_t name)
{
	uint64_t nr = (dyn->names - dyn->symbols) / sizeof(Elf64_Sym);
	Elf64_Sym sym[128];

	if (nr > NAMES_MAX / sizeof(sym[0]))
		return false;
	for (uint64_t first = 0, n; first < nr; first += n) {
		n = nr - first < 128 ? nr - first : 128;
		if (!read_at(fd, sym, n * sizeof(sym[0]), dyn->symbols + first * sizeof(sym[0])))
			return false;
		for (uint64_t i = 0; i < n; i++) {
			if (sym[i].st_name == name && sym[i].st_shndx == SHN_UNDEF)
				return true;
		}
	}
	return false;
}

/* What the names of the program with header @eh tell of it, or NULL */
static const char *names_tell(int fd, const Elf64_Ehdr *eh)
{
	struct dynamic dyn = { 0 };
	const char *why = NULL;
	char *names, *at;

	if (!dynamic_find(fd, eh, &dyn))
		return NULL;
	names = malloc(dyn.names_len);
	if (!names)
		return NULL;
	if (!read_at(fd, names, dyn.names_len, dyn.names))
		goto free;
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]) && !why; i++) {
		char word[32];
		int len = snprintf(word, sizeof(word), "%c%s", 0, telling[i].name);

		at = memmem(names, dyn.names_len, word, (size_t)len + 1);
		if (at && (!telling[i].imported || imports(fd, &dyn, (uint64_t)(at + 1 - names))))
			why = telling[i].why;
	}
free:
	free(names);
	return why;
}

/* Is the program whose link is at @path one of the triers? */
static bool is_trier(const char *path)
{
	char file[PATH_MAX];
	ssize_t len = readlink(path, file, sizeof(file) - 1);
	const char *base;

	if (len <= 0)
		return false;
	file[len] = '\0';
	base = strrchr(file, '/');
	for (size_t i = 0; base && i < sizeof(triers) / sizeof(triers[0]); i++) {
		if (!strcmp(base + 1, triers[i]))
			return true;
	}
	return false;
}

const char *stays_home(pid_t pid)
{
	const char *why = NULL;
	Elf64_Ehdr eh = { 0 };
	char path[64];
	ssize_t n;
	int fd;

	if (pid == 1)
		return "it is process 1 of a container"; /* the guests' pid namespace has one of its own */
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "its program cannot be read"; /* execute permission alone: the kernel forbids tracing as well */
	n = pread(fd, &eh, sizeof(eh), 0);
	if (n > EI_CLASS && eh.e_ident[EI_CLASS] == ELFCLASS32)
		why = "a 32-bit program";
	else if (n == sizeof(eh) && !is_trier(path))
		why = names_tell(fd, &eh);
	close(fd);
	return why;
}
