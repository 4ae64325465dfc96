/*
 * What a program around one function needs besides the model: objects that
 * are made as they are asked for, and a trace of every call that is not
 * played.  Included behind the model's header, before the generated code.
 *
 * The model gives trace(), pick(), failing(), failure(), and for its own
 * types model_object(), model_fill() and model_name().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"

typedef MODEL_WALKED play_walked;

/* What the model leaves where nobody should look. */
#ifndef MODEL_POISON
#define MODEL_POISON NULL
#endif

#define PLAY_OBJECTS 512
#define PLAY_DEPTH 4
#define PLAY_ROOM 512
#define PLAY_SUMS 32
#define PLAY_NAMES 128
#define PLAY_ELEMENTS 64

struct play_object {
	char *at;
	size_t size;
	const char *type;
	size_t step;		/* of an element; the first one is filled */
	void (*dump)(const void *at);
	/* who gave it: the call, how many there were, what it gave before */
	const char *giver;
	int call, index;
	bool hidden;
};

/*
 * Values depend on the callee and on how often it was called, so that calls
 * which only one of two versions makes leave those of others alone.
 */
static struct play_giver {
	const char *name;
	int calls;
} play_givers[PLAY_NAMES];
static struct play_giver *play_giver;
static int play_given;
static bool play_hidden;
static unsigned long play_seed, play_state;

static struct play_object play_objects[PLAY_OBJECTS];
static struct play_sum {
	const char *name;
	long long sum;
} play_sums[PLAY_SUMS];
static int play_count, play_depth, play_element;
static char play_line[16384];
static size_t play_length;

static unsigned long play_next(void)
{
	unsigned long z = (play_state += 0x9e3779b97f4a7c15UL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
	return z ^ (z >> 31);
}

static long play_pick(long lo, long hi)
{
	return lo + (long)(play_next() % (unsigned long)(hi - lo + 1));
}

/* From now on values are those of another call of @name. */
static void play_enter(const char *name)
{
	const char *c;
	int k = 0;

	while (k < PLAY_NAMES - 1 && play_givers[k].name && strcmp(play_givers[k].name, name))
		k++;
	play_giver = &play_givers[k];
	play_giver->name = name;
	play_giver->calls++;
	play_given = 0;
	play_hidden = false;
	play_state = play_seed + play_giver->calls * 0x2545f491UL;
	for (c = name; *c; c++)
		play_state = play_state * 31 + *c;
}

static void play_begin(void)
{
	while (play_count)
		free(play_objects[--play_count].at);
	play_depth = 0;
	play_length = 0;
	memset(play_sums, 0, sizeof(play_sums));
	memset(play_givers, 0, sizeof(play_givers));
	play_seed = pick(0, 0x7fffffff);
	play_enter("the caller");
}

/*
 * Zeroed memory for some objects of a type, since a pointer may mean the
 * first of many; NULL where a tree of objects gets too deep.
 */
static void *play_new(size_t size, const char *type, void (*dump)(const void *at))
{
	struct play_object *object = &play_objects[play_count];

	if (play_depth >= PLAY_DEPTH || play_count == PLAY_OBJECTS)
		return NULL;
	*object = (struct play_object){
		.at = calloc(PLAY_ELEMENTS, size),
		.size = PLAY_ELEMENTS * size,
		.type = type,
		.step = size,
		.dump = dump,
		.giver = play_giver->name,
		.call = play_giver->calls,
		.index = play_given++,
		.hidden = play_hidden,
	};
	play_count++;
	return object->at;
}

static struct play_object *play_object_at(const void *at)
{
	int k;

	for (k = 0; k < play_count; k++)
		if ((const char *)at >= play_objects[k].at &&
		    (const char *)at < play_objects[k].at + play_objects[k].size)
			return &play_objects[k];
	return NULL;
}

static void play_text(const char *text)
{
	int n = snprintf(play_line + play_length, sizeof(play_line) - play_length, "%s", text);

	play_length += n;
	if (play_length > sizeof(play_line) - 1)
		play_length = sizeof(play_line) - 1;
}

static void play_object_name(const struct play_object *object)
{
	char name[192];

	snprintf(name, sizeof(name), "%s/%s", object->type, object->giver);
	play_text(name);
	if (object->call > 1 || object->index) {
		snprintf(name, sizeof(name), ".%d.%d", object->call, object->index);
		play_text(name);
	}
}

/* A name that does not depend on where things lie in memory. */
static void play_pointer_name(const void *at)
{
	struct play_object *object;
	char name[128];

	if (!at) {
		strcpy(name, "NULL");
	} else if ((unsigned long)at >= -4095UL) {
		snprintf(name, sizeof(name), "error %ld", (long)at);
	} else if (!model_name(at, name, sizeof(name))) {
		object = play_object_at(at);
		if (object) {
			play_object_name(object);
			snprintf(name, sizeof(name), "+%ld", (long)((const char *)at - object->at));
			if ((const char *)at == object->at)
				return;
		} else {
			strcpy(name, "somewhere");
		}
	}
	play_text(name);
}

/* Neither an object nor the model's: on the stack of the code that is played. */
static bool play_elsewhere(const void *at)
{
	char name[128];

	return at && (unsigned long)at < -4095UL && !model_name(at, name, sizeof(name)) &&
	       !play_object_at(at);
}

static void play_call(const char *name)
{
	play_enter(name);
	play_length = 0;
	play_text(name);
	play_text("(");
}

static void play_pointer_argument(const void *at)
{
	play_text(" ");
	play_pointer_name(at);
}

static void play_number_argument(long long number)
{
	char text[32];

	snprintf(text, sizeof(text), " %lld", number);
	play_text(text);
}

static void play_field(const char *name)
{
	char text[32] = " ";

	if (play_element)
		snprintf(text, sizeof(text), " [%d].", play_element);
	play_text(text);
	play_text(name);
}

static void play_show_number(const char *name, long long number)
{
	if (!number)
		return;
	play_field(name);
	play_number_argument(number);
}

static void play_show_pointer(const char *name, const void *at)
{
	if (!at)
		return;
	play_field(name);
	play_pointer_argument(at);
}

static void play_end(void)
{
	play_text(" )");
	trace("%s", play_line);
}

/* A call that may come once for many or many times: only the sum counts. */
static void play_add(const char *name, long long amount)
{
	int k = 0;

	while (k < PLAY_SUMS - 1 && play_sums[k].name && strcmp(play_sums[k].name, name))
		k++;
	play_sums[k].name = name;
	play_sums[k].sum += amount;
	play_enter(name);
}

/*
 * A call that is taken to have no effect: nobody is told of it, and it gives
 * the same however often it is made.
 */
static void play_quietly(const char *name)
{
	play_enter(name);
	play_giver->calls = 0;
	play_enter(name);
	play_hidden = true;
}

/* A function that nothing declares. */
static long play_unknown(const char *name)
{
	play_call(name);
	play_end();
	return 0;
}

/* The state in which the function leaves everything that it was given. */
static void play_dump(void)
{
	int k;

	for (k = 0; k < PLAY_SUMS && play_sums[k].name; k++) {
		play_call(play_sums[k].name);
		play_number_argument(play_sums[k].sum);
		play_end();
	}
	for (k = 0; k < play_count; k++) {
		if (play_objects[k].hidden)
			continue;
		play_length = 0;
		play_text("leaves ");
		play_pointer_name(play_objects[k].at);
		play_text(":");
		for (play_element = 0; play_element < PLAY_ELEMENTS; play_element++)
			if (play_objects[k].dump)
				play_objects[k].dump(play_objects[k].at + play_element * play_objects[k].step);
		play_element = 0;
		trace("%s", play_line);
	}
	play_call("globals");
}

static void play_dump_memory(const void *at)
{
	const unsigned char *byte = at;
	unsigned long sum = 0;
	int k;

	for (k = 0; k < PLAY_ROOM; k++)
		sum = sum * 31 + byte[k];
	if (sum)
		play_number_argument(sum);
}

static void play_dump_pointers(const void *at)
{
	void *const *slot = at;
	size_t k;

	for (k = 0; k < PLAY_ROOM / sizeof(*slot); k++)
		if (slot[k] && slot[k] != MODEL_POISON)
			play_pointer_argument(slot[k]);
}

static void *play_memory(void)
{
	return play_new(PLAY_ROOM, "memory", play_dump_memory);
}

static void *play_pointers(void)
{
	return play_new(PLAY_ROOM, "pointers", play_dump_pointers);
}

static void *play_opaque(const char *type)
{
	return play_new(64, type, NULL);
}

/* Mostly small; amounts of memory are among them. */
static long play_number(void)
{
	switch (play_pick(0, 9)) {
	case 0:
	case 1:
		return 0;
	case 2:
		return 1;
	case 3:
	case 4:
	case 5:
		return play_pick(0, 8);
	case 6:
		return play_pick(0, 64);
	case 7:
		return play_pick(0, 16) * 4096;
	case 8:
		return play_pick(0, 4096);
	default:
		return play_pick(0, 1L << 18);
	}
}

static bool play_bool(void)
{
	return play_pick(0, 1);
}

/* What a callee gives that may fail. */
static long play_result(void)
{
	if (failing())
		return failure();
	return play_pick(0, 3) ? 0 : play_pick(0, 64);
}

/* Of a variable that is taken to hold an error whenever it matters. */
static long play_error(void)
{
	disturb();
	return failure();
}

/* Memory that begins with a number. */
#define play_cell(type)				\
	({					\
		type *cell = play_memory();	\
						\
		if (cell)			\
			*cell = play_number();	\
		cell;				\
	})

static void *play_no_pointer(void)
{
	return play_pick(0, 1) ? NULL : (void *)(long)failure();
}
