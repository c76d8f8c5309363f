// SPDX-License-Identifier: Apache-2.0
// gtest (libgmock-dev: -lgmock -lgtest): matchers and mocks of the test framework, in C++
#include "library.h"
#include <gmock/gmock.h>
#include <vector>

class thing {
public:
	virtual ~thing() = default;
	virtual int add(int, int) = 0;
};
class mock : public thing {
public:
	MOCK_METHOD(int, add, (int, int), (override));
};

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 20; i++) {
		testing::NiceMock<mock> m;
		ON_CALL(m, add(testing::_, testing::Gt(1))).WillByDefault(testing::Return(number + i));
		result = digest_number(result, m.add(1, 2));
		std::vector<int> values{ 1, 2, i };
		result = digest_number(result, testing::Matches(testing::ElementsAre(1, 2, i))(values));
		result = digest_text(result, testing::PrintToString(values).c_str());
	}
	return result;
}

LIBRARY(gtest, work)
