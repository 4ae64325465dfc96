// Loops that take everything out of a radix tree become calls of radix_tree_drain(), which the rule introduces.

@walk:radix_tree_items@
expression root, first, max;
identifier batch, i;
@@

tree declares: radix_tree_gang_lookup

fill: radix_tree_gang_lookup(root, (void **)batch, first, max)
element: batch[i]

helper: radix_tree_drain(root, first, f, data)
callback: int f(void *item, void *data)
suffix: item

introduce: include/linux/radix-tree.h after radix_tree_gang_lookup : radix_tree_drain.h
introduce: lib/radix-tree.c after radix_tree_gang_lookup : radix_tree_drain.c

introduce message:
 lib/radix-tree: add radix_tree_drain()

 Code that empties a radix tree looks its items up in batches, always from the same index on, until nothing is left,
 and takes each item out.

 Add radix_tree_drain(), which has these loops once and calls a function for each item.

message:
 The loop looks items of a radix tree up in batches, always from the same index on, until there are none.

 radix_tree_drain() has that loop. What was done for an item is a callback now, and still takes the item out of the
 tree.
