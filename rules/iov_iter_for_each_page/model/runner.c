/*
 * Plays an original and its conversion on the same random inputs and compares
 * trace, return value, references, allocations and the iterator's position.
 *
 *	runner BEFORE.so AFTER.so RUNS [FLAG...]
 *
 * A flag names a difference that the case declares (see tests/README.md) or
 * an input that it asks for.  Prints one line of figures, or the first
 * difference and both traces, and then exits with 1.  With the flag "isolate"
 * each run has a process of its own, and inputs that break the original are
 * put aside and counted: for programs that nobody wrote a driver for.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.h"

static struct {
	bool position_on_error, position_after_error, errno_order, cuts, zero_returns, same_batches;
	bool more_per_call, less_per_batch, fault_for_stop, isolate;
	bool rest_of_batch, result_by_position;
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

static bool references_differ(void)
{
	return memcmp(before.refs, after.refs, sizeof(before.refs));
}

/* Whether the lines of @less stand in @more as well, in their order. */
static bool has_lines_of(const char *more, const char *less)
{
	while (*less) {
		size_t length = strcspn(less, "\n") + 1;

		while (*more && strncmp(more, less, length))
			more += strcspn(more, "\n") + 1;
		if (!*more)
			return false;
		more += length;
		less += length;
	}
	return true;
}

/* In words, or NULL. */
static const char *difference(enum batching batching)
{
	bool disturbed = before.disturbed || after.disturbed;
	/* without a driver, errors are those of the code as well */
	bool failed = disturbed || (allow.isolate && before.ret < 0 && after.ret < 0);
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
	/* declared: one call takes more than one batch */
	if (allow.more_per_call && after.left < before.left && before.ret >= 0 && after.ret >= 0)
		return NULL;
	/* declared: the walk ends within what was a batch, before what the original may fail at */
	if (allow.less_per_batch && batching != BATCH_UNIT && after.left > before.left)
		return NULL;
	/* declared: the page that the original did not ask for any more cannot be grabbed */
	if (allow.fault_for_stop && after.faulted && !before.faulted && before.left == after.left &&
	    before.ret >= 0)
		return references_differ() ? "references differ" : NULL;
	/* declared: the result sees what the original skips; made-up callees are out of step then */
	if (allow.rest_of_batch && batching != BATCH_UNIT && strcmp(before.trace, after.trace)) {
		if (!allow.isolate && !has_lines_of(after.trace, before.trace))
			return "the original does what its result does not";
		return moved ? "positions differ" : NULL;
	}
	if (!cut && strcmp(before.trace, after.trace))
		return "traces differ";
	/* declared: what is returned says how much the original has eaten */
	if (allow.result_by_position && moved && failed && before.left < after.left &&
	    before.ret != after.ret)
		return references_differ() ? "references differ" : NULL;
	if (before.ret != after.ret &&
	    !(allow.errno_order && disturbed && before.ret < 0 && after.ret < 0))
		return "return values differ";
	if (!cut && references_differ())
		return "references differ";
	/* declared: the original has eaten more than it has used */
	if (moved && allow.position_on_error && failed && before.left < after.left)
		return NULL;
	/* declared: the original has not counted what it has used */
	if (moved && allow.position_after_error && failed && before.left > after.left)
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
	else if (!strcmp(name, "more-per-call"))
		allow.more_per_call = true;
	else if (!strcmp(name, "less-per-batch"))
		allow.less_per_batch = true;
	else if (!strcmp(name, "fault-for-stop"))
		allow.fault_for_stop = true;
	else if (!strcmp(name, "rest-of-batch"))
		allow.rest_of_batch = true;
	else if (!strcmp(name, "result-by-position"))
		allow.result_by_position = true;
	else if (!strcmp(name, "zero-return"))
		allow.zero_returns = true;
	else if (!strcmp(name, "same-batches"))
		allow.same_batches = true;
	else if (!strcmp(name, "isolate"))
		allow.isolate = true;
	else
		exit(2);
}

static drive_function *originals, *converted;

/* What the runs came to; shared with the processes that play them. */
static struct figures {
	long disturbed, lines, moved, compared, walked;
	enum { ORIGINAL, CONVERTED, DONE } stage;	/* of the run that is played */
} *figures;

/* Plays run number @n; 1 if there is a difference, which is printed then. */
static int play(long n)
{
	static const enum batching modes[][2] = {
		{ BATCH_FULL, BATCH_FULL },
		{ BATCH_UNIT, BATCH_FULL },
		{ BATCH_UNIT, BATCH_UNIT },
		{ BATCH_SHORT, BATCH_SHORT },
	};
	const enum batching *mode = modes[n % 4];
	uint64_t seed = (n / 4 + 1) * 0x2545f4914f6cdd1dULL;
	const char *what;

	figures->stage = ORIGINAL;
	model_run(originals, seed, mode[0], allow.zero_returns, &before);
	if (allow.isolate && *before.broken)
		return 0;
	figures->stage = CONVERTED;
	model_run(converted, seed, mode[1], allow.zero_returns, &after);
	figures->stage = DONE;
	/* where a loop was left alone, both sides need the same batches */
	if (allow.same_batches && (mode[0] != mode[1] || mode[0] == BATCH_SHORT))
		return 0;
	what = difference(mode[0]);
	if (what) {
		printf("run %ld (%s batches, then %s): %s\n", n,
		       batching_name[mode[0]], batching_name[mode[1]], what);
		show("before", &before);
		show("after", &after);
		return 1;
	}
	figures->compared++;
	figures->disturbed += before.disturbed;
	figures->moved += before.left != after.left;
	figures->walked += before.grabbed && after.grabbed;
	for (size_t c = 0; c < after.trace_length; c++)
		figures->lines += after.trace[c] == '\n';
	return 0;
}

/* The same in a process of its own, whose death is not ours. */
static int play_isolated(long n)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0) {
		perror("fork");
		exit(2);
	}
	if (!child) {
		int differs;

		ualarm(500000, 0);
		/* what a sanitizer says about an original is nobody's business */
		if (!freopen("stderr.txt", "w", stderr))
			_exit(2);
		differs = play(n);
		fflush(stdout);
		_exit(differs);
	}
	waitpid(child, &status, 0);
	if (figures->stage == ORIGINAL)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) < 2)
		return WEXITSTATUS(status);
	printf("run %ld: breaks where its original does not; see stderr.txt\n", n);
	return 1;
}

int main(int argc, char **argv)
{
	long runs, n;
	int k;

	if (argc < 4)
		return 2;
	originals = load(argv[1]);
	converted = load(argv[2]);
	runs = atol(argv[3]);
	for (k = 4; k < argc; k++)
		flag(argv[k]);
	figures = mmap(NULL, sizeof(*figures), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (figures == MAP_FAILED)
		return 2;
	if (!allow.isolate)
		alarm(120);

	for (n = 0; n < runs; n++) {
		/* an original that always breaks will not do better */
		if (allow.isolate && n == 100 && !figures->compared)
			break;
		if (allow.isolate ? play_isolated(n) : play(n))
			return 1;
	}
	printf("runs=%ld compared=%ld walked=%ld disturbed=%ld events=%ld moved=%ld\n", n,
	       figures->compared, figures->walked, figures->disturbed, figures->lines,
	       figures->moved);
	return 0;
}
