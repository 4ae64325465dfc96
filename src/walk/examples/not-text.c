f("\xff");	/* where the file holds the byte itself */
