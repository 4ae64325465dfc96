/* code */
int main(void)
{
	for (int round = 0; round < 30; round++) {
		struct address_space mapping = { 0 };
		int seen = 0;

		for (int i = 0; i < FOLIOS; i++)
			mapping.folios[i] = (struct folio){ i, 0, (i + round) % 5, (i * 7 + round) % 4 < 2 };
		avocet_clean(&mapping, round % 7, 5 + round);
		printf("| %ld ", avocet_sum(&mapping, round % 5, round % 3 ? 30 : 2, 1 + round % 2));
		avocet_quick(&mapping, &seen);
		printf("| %d\n", seen);
		for (int i = 0; i < FOLIOS; i++)
			if (mapping.folios[i].references)
				printf("still held: %d\n", i);
	}
	return 0;
}
