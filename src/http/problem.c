#include "http/problem.h"

const struct problem_terms *problem_terms(enum problem_code code)
{
#define TERMS(name, code, status, sentence) [PROBLEM_##name] = {#code, status, sentence},
	static const struct problem_terms terms[] = {PROBLEMS(TERMS) REFUSALS(TERMS)};
#undef TERMS
	return &terms[code];
}

enum problem_code problem_of_refusal(enum refusal refusal)
{
#define PROBLEM(name, code, status, sentence) [REFUSAL_##name] = PROBLEM_##name,
	static const enum problem_code problems[] = {[REFUSAL_NONE] = PROBLEM_INTERNAL_ERROR,
						     REFUSALS(PROBLEM)};
#undef PROBLEM
	return problems[refusal];
}
