/* SPDX-License-Identifier: Apache-2.0 */
/* libxml2 (libxml2-dev: libxml-2.0): parses a document, with an error in each fourth, asks it by XPath and writes it */
#include "library.h"
#include <libxml/parser.h>
#include <libxml/xpath.h>

static void silent(void *arg, const char *format, ...) { (void)arg, (void)format; }

static uint64_t work(int number)
{
	char *text = malloc(20000);
	int length = sprintf(text, "<?xml version='1.0'?><list n='%d'>", number);
	for (int i = 0; i < 150; i++)
		length += sprintf(text + length, "<item id='i%d' odd='%d'>text &amp; more %d</item>", i, i % 2, i * number);
	length += sprintf(text + length, number % 4 == 3 ? "</lost>" : "</list>");
	xmlParserCtxtPtr parser = xmlNewParserCtxt();
	parser->sax->error = parser->sax->warning = silent;
	xmlDocPtr document = xmlCtxtReadMemory(parser, text, length, "memory", NULL, XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_RECOVER);
	xmlFreeParserCtxt(parser);
	uint64_t result = digest_number(0, document != NULL);
	xmlXPathContextPtr context = xmlXPathNewContext(document);
	xmlXPathObjectPtr found = xmlXPathEvalExpression((const xmlChar *)"//item[@odd='1'][position() < 40]", context);
	result = digest_number(result, found && found->nodesetval ? found->nodesetval->nodeNr : -1);
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
	xmlChar *written;
	int size;
	xmlDocDumpMemory(document, &written, &size);
	result = digest(result, written, (size_t)size);
	xmlFree(written);
	xmlFreeDoc(document);
	free(text);
	return result;
}

LIBRARY(libxml2, work)
