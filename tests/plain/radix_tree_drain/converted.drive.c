/* code */
int main(void)
{
	for (int round = 0; round < 20; round++) {
		struct plover plovers[ITEMS];
		struct flock flock = { 0 };

		for (int i = 0; i < ITEMS; i++) {
			plovers[i] = (struct plover){ i, (i + round) % 3 };
			flock.tree.items[i] = (i * 5 + round) % 7 < 4 ? &plovers[i] : NULL;
		}
		printf("| %ld ", plover_weigh(&flock, 10 + round));
		plover_free_all(&flock);
		printf("| %d\n", flock.gone);
	}
	return 0;
}
