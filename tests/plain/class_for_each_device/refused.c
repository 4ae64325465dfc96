/* The walk is ended early, by the body. */
struct stilt *stilt_find(struct class *class, int id)
{
	struct class_dev_iter iter;
	struct device *dev;

	class_dev_iter_init(&iter, class, NULL, NULL);
	while ((dev = class_dev_iter_next(&iter))) {
		if (dev->id != id)
			continue;
		class_dev_iter_exit(&iter);
		return to_stilt(dev);
	}
	class_dev_iter_exit(&iter);
	return NULL;
}

/* Who was found is looked at behind the loop. */
int stilt_first(struct class *class)
{
	struct class_dev_iter iter;
	struct device *dev;

	class_dev_iter_init(&iter, class, NULL, NULL);
	while ((dev = class_dev_iter_next(&iter))) {
		if (dev->state)
			break;
	}
	class_dev_iter_exit(&iter);
	return dev ? dev->id : -1;
}

/* A value is returned from the middle. */
int stilt_leave(struct class *class)
{
	struct class_dev_iter iter;
	struct device *dev;

	class_dev_iter_init(&iter, class, NULL, NULL);
	while ((dev = class_dev_iter_next(&iter))) {
		if (dev->state)
			return -EBUSY;
	}
	class_dev_iter_exit(&iter);
	return 0;
}

/* One device per call. */
struct device *stilt_next(struct class_dev_iter *iter)
{
	return class_dev_iter_next(iter);
}

/* Nobody ends it here. */
void stilt_open(struct class *class)
{
	struct class_dev_iter iter;
	struct device *dev;

	class_dev_iter_init(&iter, class, NULL, NULL);
	while ((dev = class_dev_iter_next(&iter)))
		visit(dev, 0);
	stilt_end(&iter);
}

/* It began somewhere else. */
void stilt_resume(struct class *class)
{
	struct class_dev_iter iter;
	struct device *dev;

	stilt_begin(&iter, class);
	while ((dev = class_dev_iter_next(&iter)))
		visit(dev, 0);
	class_dev_iter_exit(&iter);
}

/* The loop has a second reason to end. */
void stilt_some(struct class *class, int n)
{
	struct class_dev_iter iter;
	struct device *dev;

	class_dev_iter_init(&iter, class, NULL, NULL);
	while (n-- && (dev = class_dev_iter_next(&iter)))
		visit(dev, 0);
	class_dev_iter_exit(&iter);
}

/* What is left out has to be left out before this is computed. */
void stilt_typed(struct class *class)
{
	struct class_dev_iter iter;
	struct device *dev;

	class_dev_iter_init(&iter, class, NULL, &stilt_type);
	while ((dev = class_dev_iter_next(&iter))) {
		struct stilt *stilt = to_stilt(dev);

		visit(dev, stilt->legs);
	}
	class_dev_iter_exit(&iter);
}

#define STILT_GONE(dev) if (!(dev)->state) goto gone

/* A macro jumps. */
int stilt_macro(struct class *class)
{
	struct class_dev_iter iter;
	struct device *dev;

	class_dev_iter_init(&iter, class, NULL, NULL);
	while ((dev = class_dev_iter_next(&iter)))
		STILT_GONE(dev);
	class_dev_iter_exit(&iter);
	return 0;
gone:
	class_dev_iter_exit(&iter);
	return -ENODEV;
}
