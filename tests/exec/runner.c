/*
 * Plays an original and its conversion on the same random inputs and compares
 * trace, return value, references, allocations and the iterator's position.
 *
 *	runner BEFORE.so AFTER.so RUNS [FLAG...]
 *
 * A flag names a difference that the case declares (see tests/README.md) or
 * an input that it asks for.  Prints one line of figures, or the first
 * difference and both traces, and then exits with 1.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runner.h"

static struct {
	bool position_on_error, position_after_error, errno_order, cuts, zero_returns, same_batches;
} allow;

static const char *const batching_name[] = { "full", "unit", "short" };

static struct outcome before, after;

static drive_function *load(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	drive_function *drive = object ? (drive_function *)dlsym(object, "drive") : NULL;

	if (!drive) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	return drive;
}

/* In words, or NULL. */
static const char *difference(enum batching batching)
{
	bool disturbed = before.disturbed || after.disturbed;
	bool cut = allow.cuts && batching != BATCH_UNIT;
	bool moved = before.left != after.left || before.segment != after.segment ||
		     before.offset != after.offset;

	if (*before.broken)
		return before.broken;
	if (*after.broken)
		return after.broken;
	if (before.allocations != after.allocations)
		return "allocations differ";
	if (cut && disturbed)
		return NULL;
	if (!cut && strcmp(before.trace, after.trace))
		return "traces differ";
	if (before.ret != after.ret &&
	    !(allow.errno_order && disturbed && before.ret < 0 && after.ret < 0))
		return "return values differ";
	if (!cut && memcmp(before.refs, after.refs, sizeof(before.refs)))
		return "references differ";
	/* declared: the original has eaten more than it has used */
	if (moved && allow.position_on_error && disturbed && before.left < after.left)
		return NULL;
	/* declared: the original has not counted what it has used */
	if (moved && allow.position_after_error && disturbed && before.left > after.left)
		return NULL;
	if (moved)
		return "positions differ";
	return NULL;
}

static void show(const char *name, const struct outcome *o)
{
	int k;

	printf("--- %s: returned %ld, %zu of %zu bytes left (%zu segments, offset %zu)%s, %ld allocations%s%s\n%s",
	       name, o->ret, o->left, o->total, o->segment, o->offset,
	       o->disturbed ? ", disturbed" : "", o->allocations,
	       *o->broken ? ", broken: " : "", o->broken, o->trace);
	for (k = 0; k < MODEL_PAGES; k++)
		if (o->refs[k] != 1)
			printf("page %d: %+d\n", k, o->refs[k] - 1);
}

static void flag(const char *name)
{
	if (!strcmp(name, "position-on-error"))
		allow.position_on_error = true;
	else if (!strcmp(name, "position-after-error"))
		allow.position_after_error = true;
	else if (!strcmp(name, "errno-order"))
		allow.errno_order = true;
	else if (!strcmp(name, "cuts"))
		allow.cuts = true;
	else if (!strcmp(name, "zero-return"))
		allow.zero_returns = true;
	else if (!strcmp(name, "same-batches"))
		allow.same_batches = true;
	else
		exit(2);
}

int main(int argc, char **argv)
{
	static const enum batching modes[][2] = {
		{ BATCH_FULL, BATCH_FULL },
		{ BATCH_UNIT, BATCH_FULL },
		{ BATCH_UNIT, BATCH_UNIT },
		{ BATCH_SHORT, BATCH_SHORT },
	};
	long runs, n, disturbed = 0, lines = 0, moved = 0;
	drive_function *originals, *converted;
	int k;

	if (argc < 4)
		return 2;
	originals = load(argv[1]);
	converted = load(argv[2]);
	runs = atol(argv[3]);
	for (k = 4; k < argc; k++)
		flag(argv[k]);
	alarm(120);

	for (n = 0; n < runs; n++) {
		const enum batching *mode = modes[n % 4];
		uint64_t seed = (n / 4 + 1) * 0x2545f4914f6cdd1dULL;
		const char *what;

		model_run(originals, seed, mode[0], allow.zero_returns, &before);
		model_run(converted, seed, mode[1], allow.zero_returns, &after);
		/* where a loop was left alone, both sides need the same batches */
		if (allow.same_batches &&
		    (mode[0] != mode[1] || mode[0] == BATCH_SHORT))
			continue;
		what = difference(mode[0]);
		if (what) {
			printf("run %ld (%s batches, then %s): %s\n", n,
			       batching_name[mode[0]], batching_name[mode[1]], what);
			show("before", &before);
			show("after", &after);
			return 1;
		}
		disturbed += before.disturbed;
		moved += before.left != after.left;
		for (size_t c = 0; c < after.trace_length; c++)
			lines += after.trace[c] == '\n';
	}
	printf("runs=%ld disturbed=%ld events=%ld moved=%ld\n", runs, disturbed, lines, moved);
	return 0;
}
