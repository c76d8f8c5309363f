/* SPDX-License-Identifier: Apache-2.0 */
/* lcms2 (liblcms2-dev: lcms2): makes profiles and transforms colours */
#include "library.h"
#include <lcms2.h>

static uint64_t work(int number)
{
	unsigned char in[3000], out[3000];
	cmsHPROFILE srgb = cmsCreate_sRGBProfile(), lab = cmsCreateLab4Profile(NULL);
	cmsHTRANSFORM transform = cmsCreateTransform(srgb, TYPE_RGB_8, lab, TYPE_Lab_8, INTENT_PERCEPTUAL, 0);
	sample(in, sizeof in, number);
	cmsDoTransform(transform, in, out, 1000);
	uint64_t result = digest(0, out, sizeof out);
	cmsDeleteTransform(transform);
	cmsCloseProfile(srgb), cmsCloseProfile(lab);
	return result;
}

LIBRARY(lcms2, work)
