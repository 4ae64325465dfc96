if (a) if (b) if (c) ...	/* with `...` between many places, too many ways */
