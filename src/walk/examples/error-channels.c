got = take(it, batch, want, 16, &off);
if (got == -EAGAIN)	/* one failure is told from the others */
	continue;
if (got < 0)
	break;
