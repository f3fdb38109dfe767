// completion.c: `onnxrun completion`: completes commands, options and their values in bash and zsh, from the tables of every
// -h. May assume: names in the tables hold no character that shells treat specially but |. Never completes what would be
// refused.
#include "cli/commands.h"
#include "cli/term.h"
#include "onnxrun.h"

#include <stdio.h>
#include <string.h>

// What stands behind an option: nothing, words, a file, a folder, or what nobody can guess.
typedef enum value_kind { NOTHING, WORDS, FILES, FOLDERS, ANYTHING } value_kind;

static value_kind kind_of(const onr_option_info *o) {
    if (!o->value) return NOTHING;
    if (o->words || !strcmp(o->name, "cpu") || !strcmp(o->name, "format")) return WORDS;
    if (!strcmp(o->name, "disable-pass") || !strcmp(o->name, "stop-after")) return WORDS;
    if (strstr(o->value, "FILE") || strstr(o->value, "PATH") || !strcmp(o->value, "WHAT")) return FILES;
    return strcmp(o->value, "DIR") == 0 ? FOLDERS : ANYTHING;
}

static void print_words(const char *words) {
    for (; *words; words++) putchar(*words == '|' ? ' ' : *words);
}

// The words of an option, separated by spaces.
static void values(const onr_command *cmd, const onr_option_info *o) {
    const bool passes = strcmp(o->name, "disable-pass") == 0 || strcmp(o->name, "stop-after") == 0;
    const bool levels = strcmp(o->name, "cpu") == 0;
    const char *name;
    for (size_t i = 0; passes && (name = onnxrun_pass_name(i)); i++) printf("%s%s", i ? " " : "", name);
    for (size_t i = 0; levels && (name = onnxrun_cpu_level_name(i)); i++) printf("%s%s", i ? " " : "", name);
    if (!passes && !levels) print_words(strcmp(o->name, "format") == 0 ? (cmd->formats ? cmd->formats : "") : o->value);
}

static void all_commands(void) {
    for (size_t i = 0; onr_commands[i]; i++) printf("%s ", onr_commands[i]->name);
    fputs("help", stdout);
}

// ---- bash -------------------------------------------------------------------------------------------------------------------

static void bash_options(const onr_command *cmd) {
    onr_option_info o;
    for (size_t i = 0; onr_args_option(cmd, i, &o); i++) {
        if (o.number)
            printf("%s-%c0 -%c1 -%c2", i ? " " : "", o.letter, o.letter, o.letter);
        else
            printf("%s--%s", i ? " " : "", o.name);
        if (o.letter && !o.number) printf(" -%c", o.letter);
    }
}

static void bash_values(const onr_command *cmd) {
    static const char *const kinds[] = {[FILES] = "files", [FOLDERS] = "folders", [ANYTHING] = "none"};
    onr_option_info o;
    for (size_t i = 0; onr_args_option(cmd, i, &o); i++) {
        const value_kind kind = kind_of(&o);
        if (kind == NOTHING) continue;
        printf("        %s", cmd->name);
        printf("\\ --%s", o.name);
        if (o.letter) printf("|%s\\ -%c", cmd->name, o.letter);
        if (kind == WORDS) {
            printf(") kind=words words='");
            values(cmd, &o);
            printf("' ;;\n");
        } else {
            printf(") kind=%s ;;\n", kinds[kind]);
        }
    }
}

// COMP_WORDS has "=" as a word of its own, since bash breaks words there.
static const char BASH_HEAD[] =
    "# bash completion of onnxrun, made by `onnxrun completion bash`\n"
    "_onnxrun() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=run kind='' words='' options\n"
    "    if [[ $cur == = ]]; then cur='' prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
    "    case ${COMP_WORDS[1]} in\n";
static const char BASH_TAIL[] =
    "    esac\n"
    "    COMPREPLY=()\n"
    "    case $kind in\n"
    "        none) return ;;\n"
    "        words) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); return ;;\n"
    "        folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n"
    "    esac\n"
    "    if [[ -z $kind && $cur == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")); return; fi\n"
    "    if [[ -z $kind && $command == help ]]; then COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\")); return; fi\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "    if ((COMP_CWORD == 1)); then COMPREPLY+=($(compgen -W \"$commands\" -- \"$cur\")); fi\n"
    "}\n"
    "complete -F _onnxrun onnxrun\n";

static void print_bash(void) {
    fputs(BASH_HEAD, stdout);
    for (size_t i = 0; onr_commands[i]; i++) printf("%s%s", i ? "|" : "        ", onr_commands[i]->name);
    printf("|help) ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]} ;;\n    esac\n    local commands='");
    all_commands();
    printf("'\n    case $command in\n");
    for (size_t i = 0; onr_commands[i]; i++) {
        printf("        %s) options='", onr_commands[i]->name);
        bash_options(onr_commands[i]);
        printf("' ;;\n");
    }
    printf("    esac\n    case \"$command $prev\" in\n");
    for (size_t i = 0; onr_commands[i]; i++) bash_values(onr_commands[i]);
    fputs(BASH_TAIL, stdout);
}

// ---- zsh --------------------------------------------------------------------------------------------------------------------

// Text within '...[...]...' of an _arguments spec.
static void zsh_text(const char *s) {
    for (; *s; s++) {
        if (*s == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *s))
            printf("\\%c", *s);
        else
            putchar(*s);
    }
}

static void zsh_value(const onr_command *cmd, const onr_option_info *o) {
    const value_kind kind = kind_of(o);
    if (kind == NOTHING) return;
    putchar(':');
    zsh_text(o->words ? o->name : o->value);
    putchar(':');
    if (kind == WORDS) {
        putchar('(');
        values(cmd, o);
        putchar(')');
    } else if (kind == FILES || kind == FOLDERS) {
        fputs(kind == FILES ? "_files" : "_files -/", stdout);
    } else {
        putchar(' '); // something, but nothing to offer
    }
}

static void zsh_option(const onr_command *cmd, const onr_option_info *o) {
    if (o->number) {
        printf(" \\\n            '-%c-[", o->letter);
    } else if (o->letter) {
        printf(" \\\n            '%s'{-%c,--%s}'[", o->repeated ? "*" : "", o->letter, o->name);
    } else {
        printf(" \\\n            '%s--%s[", o->repeated ? "*" : "", o->name);
    }
    zsh_text(o->help);
    putchar(']');
    zsh_value(cmd, o);
    putchar('\'');
}

static void print_zsh(void) {
    printf(
        "#compdef onnxrun\n# zsh completion of onnxrun, made by `onnxrun completion zsh`\n_onnxrun() {\n    local command=run\n"
        "    local -a commands=(\n");
    for (size_t i = 0; onr_commands[i]; i++) {
        printf("        '%s:", onr_commands[i]->name);
        zsh_text(onr_commands[i]->summary);
        printf("'\n");
    }
    printf("        'help:explain a command'\n    )\n"
           "    if ((CURRENT == 2)); then _describe command commands; _files; return; fi\n"
           "    if [[ ${commands[(I)$words[2]:*]} != 0 ]]; then command=$words[2]; shift words; ((CURRENT--)); fi\n"
           "    case $command in\n        help) _describe command commands ;;\n");
    for (size_t i = 0; onr_commands[i]; i++) {
        onr_option_info o;
        printf("        %s) _arguments -s -S", onr_commands[i]->name);
        for (size_t k = 0; onr_args_option(onr_commands[i], k, &o); k++) zsh_option(onr_commands[i], &o);
        printf(" \\\n            '*:file:_files' ;;\n");
    }
    printf("    esac\n}\nif [[ $funcstack[1] == _onnxrun ]]; then _onnxrun \"$@\"; else compdef _onnxrun onnxrun; fi\n");
}

static int command(const onr_args *args) {
    if (strcmp(args->pos[0], "bash") == 0) return print_bash(), 0;
    if (strcmp(args->pos[0], "zsh") == 0) return print_zsh(), 0;
    onr_term_error("completion: there is no shell '%s': bash or zsh", args->pos[0]);
    return ONR_EXIT_USAGE;
}

const onr_command onr_command_completion = {
    .name = "completion",
    .usage = "bash|zsh",
    .summary = "print the completion of commands, options and values for a shell",
    .about = "Prints a script that lets bash or zsh complete commands, options, their values and files. An installed onnxrun "
             "has it in "
             "place; else, for the shell at hand:\n\n"
             "  source <(onnxrun completion bash)\n"
             "  source <(onnxrun completion zsh)",
    .options = "help",
    .min_pos = 1,
    .max_pos = 1,
    .run = command,
};
