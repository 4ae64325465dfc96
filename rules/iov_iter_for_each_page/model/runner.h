/* Between model.c, which plays one run, and runner.c, which compares two. */
#ifndef RUNNER_H
#define RUNNER_H

#include "model.h"

#define MODEL_PAGES 512
#define MODEL_SEGMENTS 8
#define MODEL_TRACE (64 * 1024)

/* How many pages one call may grab. */
enum batching { BATCH_FULL, BATCH_UNIT, BATCH_SHORT };

typedef long drive_function(struct iov_iter *iter);

struct outcome {
	char trace[MODEL_TRACE];
	size_t trace_length;
	char broken[256];	/* a violation, or empty */
	long ret;
	size_t left;		/* bytes that the iterator still has */
	size_t segment, offset;	/* and where it stands */
	int refs[MODEL_PAGES];
	long allocations;
	bool disturbed;		/* something failed or stopped early */
	bool faulted;		/* no page could be grabbed */
	size_t total;		/* bytes at the beginning */
	long grabbed;		/* pages */
};

/* Plays @drive on the input that @seed stands for. */
void model_run(drive_function *drive, uint64_t seed, enum batching batching,
	       bool zero_returns, struct outcome *outcome);

#endif
