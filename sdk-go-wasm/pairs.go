package tidegate

// Pairs are names and values in turn, as the packages log and metrics take them: Pairs("tenant", "acme"). A name at the end
// without a value has an empty one.
func Pairs(namesAndValues ...string) []Pair {
	pairs := make([]Pair, 0, (len(namesAndValues)+1)/2)
	for at := 0; at < len(namesAndValues); at += 2 {
		pair := Pair{Name: namesAndValues[at]}
		if at+1 < len(namesAndValues) {
			pair.Value = namesAndValues[at+1]
		}
		pairs = append(pairs, pair)
	}
	return pairs
}
