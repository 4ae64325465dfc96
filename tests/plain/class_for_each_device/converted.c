/* One captured pointer is the data itself. */
void curlew_notify(struct class *class, struct curlew *curlew)
{
	struct class_dev_iter iter;
	struct device *dev;

	if (curlew->notify) {
		class_dev_iter_init(&iter, class, NULL, NULL);
		while ((dev = class_dev_iter_next(&iter)))
			curlew->notify(dev, curlew);
		class_dev_iter_exit(&iter);
	}
}

/*
 * A sum, a limit, and a way to end the walk.
 */
static int curlew_weigh(struct class *class, struct device *start, int scale)
{
	struct class_dev_iter iter;
	struct device *dev;
	int sum = 0, limit;

	limit = 10 * scale;
	class_dev_iter_init(&iter, class, start, NULL);
	while ((dev = class_dev_iter_next(&iter)) != NULL) {
		int weight = dev->state * scale;

		/* those that sleep do not count */
		if (!weight)
			continue;
		visit(dev, weight);
#ifdef CURLEW_DOUBLE
		weight *= 2;
#endif
		if (sum + weight > limit)
			break;
		sum += weight;
	}
	class_dev_iter_exit(&iter);

	return sum;
}

static const struct device_type curlew_type = { "curlew" };

/* The helper has no type to look for. */
int curlew_count(struct class *class)
{
	struct class_dev_iter iter;
	struct device *dev;
	int count = 0;

	class_dev_iter_init(&iter, class, NULL, &curlew_type);
	while ((dev = class_dev_iter_next(&iter))) {
		visit(dev, 0);
		count++;
	}
	class_dev_iter_exit(&iter);
	dev = NULL;
	return dev ? -1 : count;
}
