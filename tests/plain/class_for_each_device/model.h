/* Devices of a class, in user space: an array, with a count of the references that an iteration holds. */
#include <stdio.h>
#include <string.h>

struct device_type { const char *name; };
struct device { int id, state, held; const struct device_type *type; };
struct class { struct device *devices; int count; };
struct class_dev_iter { struct class *class; int at; const struct device_type *type; };

static void class_dev_iter_release(struct class_dev_iter *iter)
{
	if (iter->at > 0)
		iter->class->devices[iter->at - 1].held--;
}

static inline void class_dev_iter_init(struct class_dev_iter *iter, struct class *class,
				       struct device *start, const struct device_type *type)
{
	iter->class = class;
	iter->at = start ? (int)(start - class->devices) + 1 : 0;
	iter->type = type;
	if (iter->at)
		class->devices[iter->at - 1].held++;
}

static inline struct device *class_dev_iter_next(struct class_dev_iter *iter)
{
	class_dev_iter_release(iter);
	for (; iter->at < iter->class->count; iter->at++) {
		struct device *dev = &iter->class->devices[iter->at];

		if (iter->type && iter->type != dev->type)
			continue;
		iter->at++;
		dev->held++;
		return dev;
	}
	iter->at = 0;
	return NULL;
}

static inline void class_dev_iter_exit(struct class_dev_iter *iter)
{
	class_dev_iter_release(iter);
}

static inline int class_for_each_device(struct class *class, struct device *start, void *data,
					int (*fn)(struct device *dev, void *data))
{
	struct class_dev_iter iter;
	struct device *dev;
	int error = 0;

	class_dev_iter_init(&iter, class, start, NULL);
	while ((dev = class_dev_iter_next(&iter))) {
		error = fn(dev, data);
		if (error)
			break;
	}
	class_dev_iter_exit(&iter);
	return error;
}

static inline void visit(struct device *dev, int what)
{
	printf("%d.%d:%d ", dev->id, dev->held, what);
}
