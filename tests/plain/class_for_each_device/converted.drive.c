struct curlew { void (*notify)(struct device *dev, struct curlew *curlew); int seen; };
/* code */
static void note(struct device *dev, struct curlew *curlew)
{
	visit(dev, curlew->seen++);
}

int main(void)
{
	for (int round = 0; round < 20; round++) {
		struct device devices[5];
		struct class class = { devices, 5 - round % 3 };
		struct curlew curlew = { round % 4 ? note : NULL, 0 };

		for (int i = 0; i < 5; i++)
			devices[i] = (struct device){ i, (i * 5 + round) % 4, 0, (i + round) % 2 ? &curlew_type : NULL };
		curlew_notify(&class, &curlew);
		printf("| %d ", curlew_weigh(&class, round % 5 == 4 ? &devices[1] : NULL, 1 + round % 3));
		printf("| %d\n", curlew_count(&class));
		for (int i = 0; i < 5; i++)
			if (devices[i].held)
				printf("still held: %d\n", i);
	}
	return 0;
}
