// Package mail sends what waits in the queue of mail through an operator's SMTP server.
//
// It owns the texts of mails, in every language, and when a mail is tried again. It never decides who gets a mail: whoever
// queues one does.
package mail
