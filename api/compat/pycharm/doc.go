// Package pycharm is what oapi-codegen writes from api/compat/pycharm.yaml: the models, the strict
// Echo server and the contract of the profile pycharm.
package pycharm
