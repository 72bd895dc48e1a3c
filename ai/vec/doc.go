// Package vec has the one kernel that the local models and the search of vectors spend their time in: the product of a row of
// 8-bit weights with a row of 16-bit values, and what turns floats into such rows.
//
// On amd64 with AVX2 the kernel is assembler (dot_amd64.s); everywhere else, and for what is left over, it is plain Go. Both give
// the same bits, as integers have no rounding. The package owns no memory and never allocates.
package vec
