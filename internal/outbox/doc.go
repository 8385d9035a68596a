// Package outbox owns work that follows from a change and must not be lost: letters and hook calls.
// A job is stored in the transaction of the change and carried out afterwards, again and again
// until it succeeds.
//
// It knows neither what a job does, which is mail's and hook's matter, nor SQL. A job never holds a
// secret: whoever carries it out makes the token that goes into a letter.
package outbox
