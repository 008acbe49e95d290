/*
 * patch_foreign.h - what must not be passed over as words: a change that cannot be read is refused by its name
 *
 * Private to the patch engine. Other formats (context, normal and ed diffs, combined ones), texts that are not the
 * patch's own (packed, UTF-16, encoded mails), headers with a character in them that does not show, parts of diffs
 * that lost the rest, changes whose content was never in the patch.
 */
#ifndef COOPER_PATCH_PATCH_FOREIGN_H
#define COOPER_PATCH_PATCH_FOREIGN_H

#include "patch/patch_rows.h"

/** patch_foreign_whole() - CORRUPT when the whole is no text: packed, UTF-16, lines that end in CR alone */
MUST_CHECK struct err *patch_foreign_whole(const struct patch_input *input);
/** patch_foreign_row() - CORRUPT or USAGE (another format) when the words at the cursor are more than that */
MUST_CHECK struct err *patch_foreign_row(const struct patch_rows *r, const struct patch_scan *s);
/** patch_foreign_none() - CORRUPT: no diff at all, and why; @r is what was found */
MUST_CHECK struct err *patch_foreign_none(const struct patch_rows *r, const struct patch_input *input);
/** patch_foreign_hidden() - CORRUPT when @row would be a header but for a character in it that does not show */
MUST_CHECK struct err *patch_foreign_hidden(const struct patch_scan *s, const struct patch_row *row);

#endif
