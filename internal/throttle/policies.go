package throttle

import "time"

// The policies. Strangers to a user have 10 attempts at once and one more every 15 minutes: at most 106
// in a day, from any number of addresses. A network from which the user has signed in has as many again:
// others may share it. A browser of the user gets one more every minute. An address has 20 attempts at
// once and 10 more a minute. NIST SP 800-63B §3.2.2 allows 100 consecutive failures. The names are part of
// the stored MACs and must not change.
var (
	loginUser    = Policy{Name: "login-user", Burst: 10, Every: 15 * time.Minute}
	loginNetwork = Policy{Name: "login-network", Burst: 10, Every: 15 * time.Minute}
	loginDevice  = Policy{Name: "login-device", Burst: 10, Every: time.Minute}
	loginAddress = Policy{Name: "login-address", Burst: 20, Every: 6 * time.Second}
	clientSecret = Policy{Name: "client-secret", Burst: 10, Every: 6 * time.Second}
	emailTo      = Policy{Name: "letter-to", Burst: 3, Every: 20 * time.Minute}
	emailFrom    = Policy{Name: "letter-from", Burst: 10, Every: time.Minute}
	signup       = Policy{Name: "signup-taken", Burst: 5, Every: 12 * time.Minute}
)
