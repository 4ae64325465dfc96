lock(&object->lock);
for (i = 0; i < count; i++)
	use(batch[i]);
unlock(&object->lock);
