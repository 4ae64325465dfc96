static struct item *next(struct queue *q)
{
	if (q->head == q->tail)
		refill(q);		/* takes a batch into q->items */
	return q->items[q->head++];
}

static void walk(struct queue *q)
{
	while (q->block < q->last)	/* told in blocks */
		use(next(q));
}
