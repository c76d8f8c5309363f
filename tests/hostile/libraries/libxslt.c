/* SPDX-License-Identifier: Apache-2.0 */
/* libxslt (libxslt1-dev: libxslt libxml-2.0): applies a style sheet to a document */
#include "library.h"
#include <libxslt/transform.h>
#include <libxslt/xsltutils.h>

static const char sheet[] =
	"<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><xsl:output method='xml'/>"
	"<xsl:template match='/list'><out><xsl:for-each select='item'><xsl:sort select='@key' data-type='number'/>"
	"<x><xsl:value-of select='concat(@key, .)'/></x></xsl:for-each></out></xsl:template></xsl:stylesheet>";

static uint64_t work(int number)
{
	char *text = malloc(10000);
	int length = sprintf(text, "<list>");
	for (int i = 0; i < 60; i++)
		length += sprintf(text + length, "<item key='%d'>text %d</item>", (i * 37 + number) % 61, i);
	length += sprintf(text + length, "</list>");
	xmlDocPtr document = xmlReadMemory(text, length, "memory", NULL, 0);
	xsltStylesheetPtr style = xsltParseStylesheetDoc(xmlReadMemory(sheet, (int)sizeof sheet - 1, "sheet", NULL, 0));
	xmlDocPtr made = xsltApplyStylesheet(style, document, NULL);
	xmlChar *written = NULL;
	int size = 0;
	xsltSaveResultToString(&written, &size, made, style);
	uint64_t result = digest(0, written, (size_t)size);
	xmlFree(written);
	xmlFreeDoc(made);
	xmlFreeDoc(document);
	xsltFreeStylesheet(style);
	free(text);
	return result;
}

LIBRARY(libxslt, work)
