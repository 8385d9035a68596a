//go:build unix

package main

// gateways are the programs of the pages in docs/apis that ask about each request. Debian installs them
// outside the PATH of ordinary users. Their packages may start a service, which the tests do not use.
var gateways = []program{
	{name: "nginx", variable: "NGINX", names: []string{"nginx", "/usr/sbin/nginx"}, versionFlag: "-v", packages: packages{
		"apt-get": {"nginx-light"}, "dnf": {"nginx"}, "apk": {"nginx"}, "brew": {"nginx"}}},
	{name: "Caddy", variable: "CADDY", names: []string{"caddy"}, versionFlag: "version", packages: packages{
		"apt-get": {"caddy"}, "dnf": {"caddy"}, "apk": {"caddy"}, "brew": {"caddy"}}},
	{name: "HAProxy", variable: "HAPROXY", names: []string{"haproxy", "/usr/sbin/haproxy"}, versionFlag: "-v", packages: packages{
		"apt-get": {"haproxy"}, "dnf": {"haproxy"}, "apk": {"haproxy"}, "brew": {"haproxy"}}},
}
