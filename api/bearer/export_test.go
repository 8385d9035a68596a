package bearer

// ParseKeys is parseKeys for tests.
var ParseKeys = parseKeys
