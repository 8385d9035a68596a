package throttle

// Names returns the names of all policies, as Observe reports them.
func Names() []string {
	var names []string
	for _, p := range []Policy{loginUser, loginNetwork, loginDevice, loginAddress, clientSecret, emailTo, emailFrom, signup} {
		names = append(names, p.Name)
	}
	return names
}
