// Why it is here.
