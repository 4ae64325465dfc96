struct item **batch = (struct item **)object->slots;

while (left(it)) {
	got = take(it, batch, want, 16, &off);
	for (i = 0; i < count; i++)
		object->slots[i].item = batch[i];	/* the same memory */
}
