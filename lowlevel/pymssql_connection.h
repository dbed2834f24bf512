/* The connection of pymssql 2.4, as its _mssql.pxd declares it.
 *
 * rows.pyx compares that text with its own, and the size of the object with this one.
 */
#ifndef LOWLEVEL_PYMSSQL_CONNECTION_H
#define LOWLEVEL_PYMSSQL_CONNECTION_H

#include <Python.h>

typedef struct {
    PyObject_HEAD
    void *methods;
    int connected;
    int rows_affected;
    int query_timeout;
    char *charset;
    int max_query_size;
    PyObject *use_datetime2;
    void *process;
    int message_number;
    int message_severity;
    int message_state;
    int message_line;
    int last_results;
    int column_count;
    int debug_queries;
    char *message_text;
    char *message_server;
    char *message_procedure;
    PyObject *column_names;
    PyObject *column_types;
    PyObject *message_handler;
} pymssql_connection;

#endif
