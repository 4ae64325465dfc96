// Loops over the devices of a class become calls of class_for_each_device().
//
// class_dev_iter_next() holds the device until the next call or class_dev_iter_exit(), and class_for_each_device() makes
// these very calls: the callback neither gets nor drops a reference. It has no type to look for; a loop that has one gets
// a test in the callback.

@walk:class_devices@
expression class, start, type;
identifier iter;
@@

tree declares: class_for_each_device

begin: class_dev_iter_init(&iter, class, start, NULL)
begin: class_dev_iter_init(&iter, class, start, type) => x->type != type
next: class_dev_iter_next(&iter)
end: class_dev_iter_exit(&iter)

helper: class_for_each_device(class, start, data, f)
callback: int f(struct device *dev, void *data)
suffix: device

message:
 The loop spells out what class_for_each_device() does: it begins an iteration over the devices of a class, looks at one
 after the other and ends the iteration.

 Let class_for_each_device() do that. What the loop did for a device is a callback now; it is called in the same order,
 with the reference held that the iteration holds.
