got = take(it, batch, object->limit, 16, &off);	/* may be less than a unit */
