#ifdef A
	f(x,
#else
	g(x,	/* the rule would drop the call, and this arm was not read */
#endif
	  y);
