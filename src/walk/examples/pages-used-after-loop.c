for (i = 0; i < count; i++)
	vector[i].base = address(batch[i]);
done = read_into(vector, count);	/* the elements have to stay */
for (i = 0; i < count; i++)
	drop(batch[i]);
