for (i = 0; i < count; i++)
	queue(batch[i]);
submit_and_wait();	/* once per batch; per element it would be slow */
