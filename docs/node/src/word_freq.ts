// The tutorial's first program in TypeScript: counts the words of all arguments, whatever their case, and prints the
// three most frequent ones.

const counts = new Map<string, number>();
for (const word of process.argv.slice(2).join(" ").toLowerCase().split(/\s+/u)) {
  if (word !== "") {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
}

const ranking = [...counts].sort(([wordA, countA], [wordB, countB]) => countB - countA || (wordA < wordB ? -1 : 1));
for (const [word, count] of ranking.slice(0, 3)) {
  console.log(`${word}: ${count}`);
}
