#include "fmt/yaml.h"

#include <string.h>
#include <yaml.h>

#include "fmt/yaml_text.h"

enum { FAULTS_MAX = 100 }; /* of the text; then it is clear */

static const struct yaml_mark text_start = {1, 1, 0};

struct anchor {
	const char *name;
	struct yaml_node *node;
};

struct reader {
	yaml_parser_t lib;
	struct arena *arena;
	struct yaml_doc *doc;
	struct anchor *anchors;
	size_t anchor_count;
	size_t anchor_cap;
	size_t problem_cap;
	size_t nodes; /* so far, aliases expanded */
	bool hides;   /* words with characters that do not show: what they mean is anybody's guess */
	bool stopped; /* by a problem after which nothing makes sense */
	/* where the last mark was: libyaml counts characters, we count bytes */
	size_t index;
	size_t offset;
	int line;
	size_t line_start;
};

static void complain(struct reader *r, struct yaml_mark start, struct yaml_mark end, const char *hint,
		     const char *message)
{
	struct yaml_doc *doc = r->doc;
	doc->problems =
		arena_grow(r->arena, doc->problems, &r->problem_cap, doc->problem_count + 1, sizeof(*doc->problems));
	doc->problems[doc->problem_count++] = (struct yaml_problem){start, end, message, hint};
}

static void stop(struct reader *r, struct yaml_mark start, struct yaml_mark end, const char *hint, const char *message)
{
	if (!r->stopped)
		complain(r, start, end, hint, message);
	r->stopped = true;
}

static struct yaml_mark current_mark(const struct reader *r)
{
	return (struct yaml_mark){r->line, (int)(r->offset - r->line_start) + 1, r->offset};
}

static void rewind_marks(struct reader *r)
{
	r->index = r->offset = r->line_start = 0;
	r->line = 1;
}

static void step_byte(struct reader *r)
{
	if (r->doc->text[r->offset++] == '\n') {
		r->line++;
		r->line_start = r->offset;
	}
}

/* One character back; marks go back a little where a collection starts with its first key. */
static void step_back(struct reader *r)
{
	do
		r->offset--;
	while (r->offset && ((unsigned char)r->doc->text[r->offset] & 0xc0) == 0x80);
	r->index--;
	if (r->doc->text[r->offset] != '\n')
		return;
	r->line--;
	r->line_start = r->offset;
	while (r->line_start && r->doc->text[r->line_start - 1] != '\n')
		r->line_start--;
}

/* Character @index of the text as line, column and offset in bytes; cheap when it is near the last one. */
static struct yaml_mark mark_at_index(struct reader *r, size_t index)
{
	while (r->index > index && r->offset)
		step_back(r);
	for (; r->index < index && r->offset < r->doc->size; r->index++) {
		step_byte(r);
		while (r->offset < r->doc->size && ((unsigned char)r->doc->text[r->offset] & 0xc0) == 0x80)
			step_byte(r);
	}
	return current_mark(r);
}

static struct yaml_mark mark_at_offset(struct reader *r, size_t offset)
{
	rewind_marks(r);
	while (r->offset < offset && r->offset < r->doc->size)
		step_byte(r);
	struct yaml_mark mark = current_mark(r);
	rewind_marks(r);
	return mark;
}

/* The mark of @offset, which is behind @mark. */
static struct yaml_mark mark_after(const struct yaml_doc *doc, struct yaml_mark mark, size_t offset)
{
	for (; mark.offset < offset && mark.offset < doc->size; mark.offset++) {
		mark.column++;
		if (doc->text[mark.offset] == '\n') {
			mark.line++;
			mark.column = 1;
		}
	}
	return mark;
}

/* @before is a mark before the fault; gives the fault's own. */
static struct yaml_mark complain_of(struct reader *r, struct yaml_mark before, const struct yaml_fault *fault)
{
	struct yaml_mark start = mark_after(r->doc, before, fault->offset);
	struct yaml_mark end = mark_after(r->doc, start, fault->offset + fault->size);
	complain(r, start, end, fault->hint, fault->message);
	return start;
}

/* What YAML stumbles over may be some lines above, and may not show. */
static void blame_hidden(struct reader *r, size_t line, size_t last_line)
{
	const char *text = r->doc->text;
	size_t at = 0;
	for (size_t n = 0; n <= last_line && at < r->doc->size; n++) {
		size_t end = at + strcspn(text + at, "\n");
		size_t comment = at;
		while (comment < end && !(text[comment] == '#' && (comment == at || text[comment - 1] == ' ')))
			comment++;
		struct yaml_fault fault;
		if (n >= line && yaml_hidden_fault(r->arena, text, at, comment, &fault))
			complain_of(r, text_start, &fault);
		at = end + 1;
	}
}

static const char *hint_for(const char *problem)
{
	static const char *const hints[][2] = {
		{"mapping values are not allowed",
		 "text that contains ': ' needs quotes; check the indentation as well"},
		{"a tab", "indent with spaces"},
		{"cannot start any token", "text that starts with @, ` or % needs quotes"},
		{"did not find expected key", "check the indentation of this line and of the one above"},
		{"did not find expected '-' indicator", "items of one list start in the same column"},
		{"could not find expected ':'", "write 'key: value'"},
		{"did not find expected ',' or ']'", "close the list with ']'"},
		{"did not find expected ',' or '}'", "close the map with '}'"},
		{"unexpected end of stream", "close the quotes"},
		{"scanning an alias", "text that starts with * needs quotes"},
		{"scanning an anchor", "text that starts with & needs quotes"},
		{"a tag", "text that starts with ! needs quotes"},
		{"unknown escape character", "double the backslash, or use single quotes"},
		{"UTF-8", "save the file as UTF-8"},
		{"control characters are not allowed", "write such a character as an escape in double quotes"},
	};
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (strstr(problem, hints[i][0]))
			return hints[i][1];
	return NULL;
}

/* What the library found wrong; a reader error is told by byte, all others by character. */
static void stop_at_library_error(struct reader *r)
{
	const yaml_parser_t *lib = &r->lib;
	const char *problem = lib->problem ? lib->problem : "unreadable";
	if (lib->error == YAML_MEMORY_ERROR)
		mem_exhausted();
	struct yaml_mark at = lib->error == YAML_READER_ERROR ? mark_at_offset(r, lib->problem_offset)
							      : mark_at_index(r, lib->problem_mark.index);
	bool is_tab = at.offset < r->doc->size && r->doc->text[at.offset] == '\t';
	if (is_tab)
		problem = "a tab is not allowed here";
	const char *message = lib->context && !is_tab ? arena_printf(r->arena, "%s %s", problem, lib->context)
						      : arena_printf(r->arena, "%s", problem);
	if (lib->error != YAML_READER_ERROR)
		blame_hidden(r, lib->context ? lib->context_mark.line : lib->problem_mark.line, lib->problem_mark.line);
	stop(r, at, at, hint_for(message), message);
}

static bool next_event(struct reader *r, yaml_event_t *ret_event)
{
	if (r->stopped)
		return false;
	if (yaml_parser_parse(&r->lib, ret_event))
		return true;
	stop_at_library_error(r);
	return false;
}

static struct yaml_node *node_new(struct reader *r, enum yaml_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = arena_alloc(r->arena, sizeof(*node));
	node->kind = kind;
	node->doc = r->doc;
	node->weight = 1;
	node->start = mark_at_index(r, event->start_mark.index);
	node->end = mark_at_index(r, event->end_mark.index);
	if (++r->nodes > YAML_NODES_MAX)
		stop(r, node->start, node->start, "split it, or use fewer aliases",
		     "the document has more than 10000 values");
	return node;
}

static void note_tag(struct reader *r, const yaml_char_t *tag, const struct yaml_node *node)
{
	if (tag)
		complain(r, node->start, node->start, "leave the tag out; quote a value that must be text",
			 arena_printf(r->arena, "tags such as '%s' are not used here", (const char *)tag));
}

static void note_anchor(struct reader *r, const yaml_char_t *name, struct yaml_node *node)
{
	if (!name)
		return;
	for (size_t i = 0; i < r->anchor_count; i++)
		if (streq(r->anchors[i].name, (const char *)name))
			complain(r, node->start, node->start, "give each anchor a name of its own",
				 arena_printf(r->arena, "the anchor '&%s' is defined twice", (const char *)name));
	r->anchors = arena_grow(r->arena, r->anchors, &r->anchor_cap, r->anchor_count + 1, sizeof(*r->anchors));
	r->anchors[r->anchor_count++] = (struct anchor){arena_strdup(r->arena, (const char *)name), node};
}

static struct yaml_node *read_scalar(struct reader *r, const yaml_event_t *event)
{
	struct yaml_node *node = node_new(r, YAML_SCALAR, event);
	yaml_scalar_style_t style = event->data.scalar.style;
	node->quoted = style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	node->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
	node->text = arena_strndup(r->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
	node->type = node->quoted || node->block ? YAML_TEXT : yaml_scalar_type(node->text);
	if (strlen(node->text) != event->data.scalar.length)
		complain(r, node->start, node->end, "remove '\\0'", "text cannot contain a NUL character");
	note_tag(r, event->data.scalar.tag, node);
	note_anchor(r, event->data.scalar.anchor, node);
	struct yaml_fault fault;
	if (!node->quoted && !node->block &&
	    yaml_hidden_fault(r->arena, r->doc->text, node->start.offset, node->end.offset, &fault)) {
		complain_of(r, node->start, &fault);
		r->hides = true;
	}
	return node;
}

static struct yaml_node *resolve_alias(struct reader *r, const yaml_event_t *event, int level)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct yaml_mark start = mark_at_index(r, event->start_mark.index);
	struct yaml_mark end = mark_at_index(r, event->end_mark.index);
	struct yaml_node *node = NULL;
	for (size_t i = 0; i < r->anchor_count; i++)
		if (streq(r->anchors[i].name, name))
			node = r->anchors[i].node;
	if (!node) {
		stop(r, start, end, arena_printf(r->arena, "define it first with &%s; text that starts with * needs quotes", name),
		     arena_printf(r->arena, "unknown alias '*%s'", name));
	} else if (node->open) {
		stop(r, start, end, "write the value out",
		     arena_printf(r->arena, "the alias '*%s' refers to a value that contains it", name));
		node = NULL;
	} else if (node->weight > YAML_NODES_MAX - r->nodes) {
		stop(r, start, end, "use fewer aliases", "aliases expand the document to more than 10000 values");
		node = NULL;
	} else if (level + node->height > YAML_DEPTH_MAX) {
		stop(r, start, end, "make it flatter", "aliases nest the document deeper than 32 levels");
		node = NULL;
	} else {
		r->nodes += node->weight;
	}
	return node;
}

static struct yaml_node *read_node(struct reader *r, yaml_event_t *event, int level);

static void note_duplicate(struct reader *r, const struct yaml_node *map, const struct yaml_node *key)
{
	if (!key->quoted && streq(key->text, "<<"))
		complain(r, key->start, key->end, "repeat the lines, or use 'extends' in a stack",
			 "merge keys ('<<') are not used here");
	for (size_t i = 0; i < map->count; i++) {
		if (!streq(map->keys[i]->text, key->text))
			continue;
		complain(r, key->start, key->end,
			 arena_printf(r->arena, "it is already set in line %d", map->keys[i]->start.line),
			 arena_printf(r->arena, "duplicate key '%s'", key->text));
		return;
	}
}

static void add_member(struct reader *r, struct yaml_node *node, size_t *key_cap, size_t *value_cap,
		       struct yaml_node *key, struct yaml_node *value)
{
	if (key) {
		note_duplicate(r, node, key);
		node->keys = arena_grow(r->arena, node->keys, key_cap, node->count + 1, sizeof(*node->keys));
		node->keys[node->count] = key;
		node->weight++;
	}
	node->values = arena_grow(r->arena, node->values, value_cap, node->count + 1, sizeof(*node->values));
	node->values[node->count++] = value;
	node->weight += value->weight;
	if (value->height >= node->height)
		node->height = value->height + 1;
}

/* The key of the next member; NULL at the end of the map or when reading has stopped. */
static struct yaml_node *read_key(struct reader *r, yaml_event_t *event, int level)
{
	struct yaml_node *key = read_node(r, event, level);
	if (key && key->kind != YAML_SCALAR) {
		stop(r, key->start, key->start, "write 'key: value'", "a key must be a plain word");
		return NULL;
	}
	return key;
}

/* Members up to the end event; the event that starts the collection has been consumed by the caller. */
static void read_members(struct reader *r, struct yaml_node *node, int level)
{
	size_t key_cap = 0, value_cap = 0;
	yaml_event_type_t end = node->kind == YAML_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	yaml_event_t event;
	while (next_event(r, &event)) {
		if (event.type == end) {
			node->end = mark_at_index(r, event.end_mark.index);
			yaml_event_delete(&event);
			break;
		}
		struct yaml_node *key = NULL;
		if (node->kind == YAML_MAP) {
			key = read_key(r, &event, level);
			if (!key || !next_event(r, &event))
				break;
		}
		struct yaml_node *value = read_node(r, &event, level);
		if (!value)
			break;
		add_member(r, node, &key_cap, &value_cap, key, value);
	}
}

static struct yaml_node *read_collection(struct reader *r, const yaml_event_t *event, int level)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	struct yaml_node *node = node_new(r, is_map ? YAML_MAP : YAML_LIST, event);
	node->block = is_map ? event->data.mapping_start.style == YAML_BLOCK_MAPPING_STYLE
			     : event->data.sequence_start.style == YAML_BLOCK_SEQUENCE_STYLE;
	node->height = 1;
	note_tag(r, is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag, node);
	note_anchor(r, is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor, node);
	if (level >= YAML_DEPTH_MAX) {
		stop(r, node->start, node->start, "make it flatter", "the document is nested deeper than 32 levels");
		return node;
	}
	node->open = true;
	read_members(r, node, level + 1);
	node->open = false;
	return node;
}

/* The node that @event begins; deletes the event. @level is the number of collections around it. */
static struct yaml_node *read_node(struct reader *r, yaml_event_t *event, int level)
{
	struct yaml_node *node = NULL;
	if (event->type == YAML_SCALAR_EVENT)
		node = read_scalar(r, event);
	else if (event->type == YAML_ALIAS_EVENT)
		node = resolve_alias(r, event, level);
	else
		node = read_collection(r, event, level);
	yaml_event_delete(event);
	return r->stopped ? NULL : node;
}

static void read_document(struct reader *r, yaml_event_t *start)
{
	struct yaml_mark at = mark_at_index(r, start->start_mark.index);
	bool second = r->doc->root != NULL;
	bool directives =
		start->data.document_start.version_directive ||
		start->data.document_start.tag_directives.start != start->data.document_start.tag_directives.end;
	yaml_event_delete(start);
	if (second) {
		stop(r, at, at, "a file contains one recipe", "a second document starts here");
		return;
	}
	if (directives)
		complain(r, at, at, "leave the line out", "directives ('%YAML', '%TAG') are not used here");
	yaml_event_t event;
	if (next_event(r, &event))
		r->doc->root = read_node(r, &event, 0);
}

static void read_stream(struct reader *r)
{
	yaml_event_t event;
	while (next_event(r, &event)) {
		yaml_event_type_t type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT)
			read_document(r, &event);
		else
			yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT)
			break;
	}
	if (r->stopped || r->hides) {
		r->doc->root = NULL;
	} else if (!r->doc->root) {
		rewind_marks(r);
		stop(r, current_mark(r), current_mark(r), "start with 'kind: stack'", "the file is empty");
	}
}

/* False when there is no sense in reading it as YAML: then all that is wrong with the text is told. */
static bool check_text(struct reader *r)
{
	struct yaml_fault fault;
	struct yaml_mark mark = text_start;
	size_t at = 0;
	bool is_wide = yaml_encoding_fault(r->doc->text, r->doc->size, &fault);
	if (is_wide)
		complain_of(r, mark, &fault);
	while (!is_wide && r->doc->problem_count < FAULTS_MAX &&
	       yaml_next_fault(r->arena, r->doc->text, r->doc->size, &at, &fault))
		mark = complain_of(r, mark, &fault);
	return r->doc->problem_count == 0;
}

struct yaml_doc *yaml_parse(struct arena *arena, const char *name, const char *text, size_t size)
{
	struct yaml_doc *doc = arena_alloc(arena, sizeof(*doc));
	struct reader r = {.arena = arena, .doc = doc, .line = 1};
	doc->name = arena_strdup(arena, name);
	doc->text = "";
	if (size > YAML_SIZE_MAX) {
		stop(&r, current_mark(&r), current_mark(&r), "a recipe is text; keep data in files beside it",
		     "the file is larger than 1 MiB");
		return doc;
	}
	bool marked = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
	doc->size = size - (marked ? 3 : 0);
	doc->text = arena_strndup(arena, text + (marked ? 3 : 0), doc->size);
	if (!check_text(&r))
		return doc;
	if (!yaml_parser_initialize(&r.lib))
		mem_exhausted();
	yaml_parser_set_encoding(&r.lib, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.lib, (const unsigned char *)doc->text, doc->size);
	read_stream(&r);
	yaml_parser_delete(&r.lib);
	return doc;
}
