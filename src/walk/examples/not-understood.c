while (left(it) && !signal())	/* also ends for something that is not the walk's */
	walk_a_batch(it);
