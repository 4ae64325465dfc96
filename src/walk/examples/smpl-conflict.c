f(g(1));	/* one rule rewrites the call of f, another that of g inside it */
