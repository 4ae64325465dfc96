while (left(it)) {
	got = take(it, batch, want, 16, &off);
	if (got < 0)
		break;
	request->array = batch;		/* needed beyond the walk */
}
