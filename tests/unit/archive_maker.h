/*
 * archive_maker.h - archives byte by byte, so that tests can make what no tool would
 */
#ifndef COOPER_TESTS_ARCHIVE_MAKER_H
#define COOPER_TESTS_ARCHIVE_MAKER_H

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* One tar entry; type is the header's typeflag: '0' file, '5' folder, '2' symbolic link, '1' hard link, ... */
struct tar_item {
	const char *name;
	char type;
	const char *link;
	const char *data;
	unsigned mode;   /* 0 = 0644 */
	const char *pax; /* "path=..." records: one record, put in a pax header before the entry */
};

/* A number in octal digits, and a NUL, in a header field of @size bytes */
UNUSED static void make_octal(char *field, int size, uint64_t value)
{
	for (int i = size - 2; i >= 0; i--, value >>= 3)
		field[i] = (char)('0' + (value & 7));
	field[size - 1] = '\0';
}

UNUSED static void make_tar_header(struct str *tar, const char *name, char type, const char *link, size_t size,
				   unsigned mode)
{
	char h[512] = "";
	unsigned sum = 0;

	memcpy(h, name, strlen(name) < 100 ? strlen(name) : 100);
	make_octal(h + 100, 8, mode);
	make_octal(h + 108, 8, 0);
	make_octal(h + 116, 8, 0);
	make_octal(h + 124, 12, size);
	make_octal(h + 136, 12, 1600000000);
	h[156] = type;
	if (link)
		memcpy(h + 157, link, strlen(link) < 100 ? strlen(link) : 100);
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	make_octal(h + 148, 7, sum);
	str_add_mem(tar, h, 512);
}

UNUSED static void make_tar_data(struct str *tar, const char *data, size_t size)
{
	str_add_mem(tar, data, size);
	while (tar->len % 512)
		str_add_char(tar, '\0');
}

/* A name that does not fit the header goes into a GNU 'L' entry, a target into 'K'. */
UNUSED static void make_tar_long(struct str *tar, char type, const char *text)
{
	if (!text || strlen(text) <= 100)
		return;
	make_tar_header(tar, "././@LongLink", type, NULL, strlen(text) + 1, 0644);
	make_tar_data(tar, text, strlen(text) + 1);
}

UNUSED static void make_tar_item(struct str *tar, const struct tar_item *item)
{
	size_t size = item->data ? strlen(item->data) : 0;

	if (item->pax) {
		int n = (int)strlen(item->pax) + 2;
		int digits = n + 2 < 10 ? 1 : n + 2 < 99 ? 2 : n + 3 < 999 ? 3 : 4;
		AUTO_FREE char *record = mem_printf("%d %s\n", n + digits, item->pax);

		make_tar_header(tar, "pax", 'x', NULL, strlen(record), 0644);
		make_tar_data(tar, record, strlen(record));
	}
	make_tar_long(tar, 'L', item->name);
	make_tar_long(tar, 'K', item->link);
	make_tar_header(tar, item->name, item->type, item->link, size, item->mode ? item->mode : 0644);
	make_tar_data(tar, item->data ? item->data : "", size);
}

UNUSED static void make_tar_end(struct str *tar)
{
	for (int i = 0; i < 1024; i++)
		str_add_char(tar, '\0');
}

/* One stored zip entry; a mode with 0120000 makes a link whose target is the data */
struct zip_item {
	const char *name;
	const char *data;
	unsigned mode;
	const char *local_name; /* what the local header says instead; same length */
	bool encrypted;
};

UNUSED static void make_le(struct str *s, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		str_add_char(s, (char)(value >> 8 * i & 0xff));
}

UNUSED static uint32_t make_crc32(const char *data, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= (unsigned char)data[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

UNUSED static void make_zip_common(struct str *s, const struct zip_item *item)
{
	size_t size = strlen(item->data);

	make_le(s, 20, 2);
	make_le(s, (item->encrypted ? 1 : 0) | 0x800, 2); /* names are UTF-8 */
	make_le(s, 0, 2);                                 /* stored */
	make_le(s, 0x5a210000, 4);
	make_le(s, make_crc32(item->data, size), 4);
	make_le(s, (uint32_t)size, 4);
	make_le(s, (uint32_t)size, 4);
	make_le(s, (uint32_t)strlen(item->name), 2);
	make_le(s, 0, 2);
}

UNUSED static void make_zip(struct str *zip, const struct zip_item *items, size_t count)
{
	AUTO(str) central = STR_INIT;

	for (size_t i = 0; i < count; i++) {
		uint32_t offset = (uint32_t)zip->len;

		str_add_mem(zip, "PK\003\004", 4);
		make_zip_common(zip, &items[i]);
		str_add(zip, items[i].local_name ? items[i].local_name : items[i].name);
		str_add(zip, items[i].data);
		str_add_mem(&central, "PK\001\002", 4);
		make_le(&central, 3 << 8 | 20, 2); /* made on Unix */
		make_zip_common(&central, &items[i]);
		make_le(&central, 0, 2 + 2 + 2);
		make_le(&central, (items[i].mode ? items[i].mode : 0100644u) << 16, 4);
		make_le(&central, offset, 4);
		str_add(&central, items[i].name);
	}
	uint32_t start = (uint32_t)zip->len;
	str_add_mem(zip, central.data, central.len);
	str_add_mem(zip, "PK\005\006\0\0\0\0", 8);
	make_le(zip, (uint32_t)count, 2);
	make_le(zip, (uint32_t)count, 2);
	make_le(zip, (uint32_t)central.len, 4);
	make_le(zip, start, 4);
	make_le(zip, 0, 2);
}

/* ar(5) member, as in a Debian package */
UNUSED static void make_ar_member(struct str *ar, const char *name, const char *data, size_t size)
{
	if (ar->len == 0)
		str_add(ar, "!<arch>\n");
	str_addf(ar, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name, 1600000000, 0, 0, 0100644u, size);
	str_add_mem(ar, data, size);
	if (ar->len % 2)
		str_add_char(ar, '\n');
}

#endif
