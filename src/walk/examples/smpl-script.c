f(x);	/* matched, and then the rule's script raised an error */
