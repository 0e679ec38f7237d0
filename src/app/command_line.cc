#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>

#include "app/admin.h"
#include "app/run_model.h"
#include "app/run_pipeline.h"
#include "app/serve.h"
#include "app/terminal_text.h"
#include "app/version.h"
#include "base/log.h"
#include "base/strings.h"
#include "transformers/pipelines/pipeline.h"

namespace embrace::app {
namespace {

// Flags every command shares. They are applied over the configuration file, in this order.
struct SharedFlags {
  std::string config;
  std::vector<std::pair<std::string, std::string>> assignments;
  std::vector<std::string> set;

  void add(CLI::App& command, bool serving) {
    command.add_option("--config", config, "file of settings, one \"name = value\" a line");
    flag(command, "--data", "data", "folder that holds everything");
    flag(command, "--database", "database",
         "postgresql://user:password@host:port/name (default: SQLite in the data folder)");
    flag(command, "--blobs", "blobs",
         "where large files live: s3://bucket/prefix?endpoint=URL (default: the data folder)");
    command.add_option("--set", set, "any setting: --set name=value (see `embrace settings`)");
    if (!serving) return;
    flag(command, "--listen", "listen", "HOST:PORT");
    flag(command, "--public-url", "public_url", "how clients reach this hub");
    flag(command, "--log-level", "log_level", "debug, info, warn, error");
    flag(command, "--log-format", "log_format", "text, json");
  }

  Result<Settings> read() const {
    Settings settings;
    if (!config.empty()) EMB_DO(read_settings_file(config, settings));
    for (const auto& [name, value] : assignments) EMB_DO(set_setting(settings, name, value));
    for (const std::string& text : set) {
      const auto equals = text.find('=');
      if (equals == std::string::npos) return fail(Code::InvalidArgument, "--set takes name=value");
      EMB_DO(set_setting(settings, text.substr(0, equals), text.substr(equals + 1)));
    }
    EMB_DO(complete_settings(settings));
    log::configure(settings.log_level, settings.log_format);
    return settings;
  }

 private:
  void flag(CLI::App& command, const std::string& option, std::string name,
            const std::string& help) {
    command.add_option_function<std::string>(
        option, [this, name](const std::string& value) { assignments.emplace_back(name, value); },
        help);
  }
};

int report(const Status& done) {
  if (done) return 0;
  std::fprintf(stderr, "embrace: %s\n", for_terminal(done.error().message()).c_str());
  return done.error().code() == Code::InvalidArgument ? 2 : 1;
}

struct CommandLine {
  CLI::App program{"Embrace: a self-hosted home for machine learning", "embrace"};
  SharedFlags flags;
  AdminCommand admin;
  RunCommand running;
  PipelineCommand piping;
  std::function<int()> action;

  CommandLine() {
    program.set_version_flag("--version", std::string(kVersion));
    program.require_subcommand(1);
    add_serve();
    add_doctor();
    add_settings();
    add_admin();
    add_run();
    add_pipeline();
  }

  int with_settings(const std::function<Status(Settings)>& run) const {
    auto settings = flags.read();
    if (!settings) return report(fail(std::move(settings).error()));
    return report(run(*std::move(settings)));
  }

  void add_serve() {
    CLI::App* command = program.add_subcommand("serve", "serve a hub");
    flags.add(*command, true);
    command->callback([this] { action = [this] { return with_settings(serve); }; });
  }

  void add_doctor() {
    CLI::App* command = program.add_subcommand("doctor", "check a data folder end to end");
    flags.add(*command, false);
    command->callback([this] {
      action = [this] {
        bool sound = true;
        const int status = with_settings([&](Settings settings) -> Status {
          EMB_TRY(sound, run_doctor(std::move(settings)));
          return Done{};
        });
        return status != 0 ? status : (sound ? 0 : 1);
      };
    });
  }

  void add_settings() {
    CLI::App* command = program.add_subcommand("settings", "list every setting with its value");
    flags.add(*command, true);
    command->callback([this] {
      action = [this] {
        return with_settings([](const Settings& settings) -> Status {
          for (const auto& row : describe_settings(settings)) {
            std::printf("# %s\n%s = %s\n\n", std::string(row.help).c_str(),
                        std::string(row.name).c_str(), row.value.c_str());
          }
          return Done{};
        });
      };
    });
  }

  // What commands that open a model have in common; its name stands where the command wants it.
  static void add_model(CLI::App* command, ModelPlace& place) {
    command->add_option("model", place.model, "a folder, a GGUF file, or a Hub's namespace/name")
        ->required();
  }
  static void add_place(CLI::App* command, ModelPlace& place) {
    command->add_option("--file", place.file, "the GGUF file of a Hub's repository");
    command->add_option("--revision", place.revision, "a branch, a tag or a commit");
    command->add_flag("--offline", place.offline, "ask no Hub: what was fetched is all there is");
    command->add_flag("--quiet", place.quiet, "show no progress");
  }
  static void add_loading(CLI::App* command, std::string& precision, unsigned& threads) {
    command->add_option("--precision", precision,
                        "of weights in memory: auto, f32, bf16, q8_0, q4_0");
    command->add_option("--threads", threads, "as many as there are cores");
  }

  void add_run() {
    CLI::App* command = program.add_subcommand("run", "chat with a model, in the terminal");
    add_model(command, running.place);
    command->add_option("prompt", running.prompt,
                        "without one, each line of standard input is one");
    command->add_option("--system", running.system, "what a chat begins with");
    command->add_flag("--plain", running.plain, "go on with the text, though the model can chat");
    add_place(command, running.place);
    command->add_option("-j,--json-schema,--json-schema-file", running.json_schema,
                        "hold the text to a JSON schema: a file, - or {...}");
    command->add_option("--regex", running.regex, "hold the text to a pattern, all of it");
    command->add_option("--grammar,--grammar-file", running.grammar,
                        "hold the text to the rules of an EBNF (GBNF) grammar: a file, - or rules");
    add_loading(command, running.precision, running.threads);
    command->add_option("--max-tokens", running.tokens_max, "the length of a text");
    command->add_option("--temperature", running.temperature, "0: always the likeliest token");
    command->add_option("--top-p", running.top_p);
    command->add_option("--top-k", running.top_k);
    command->add_option("--repetition-penalty", running.repetition_penalty);
    command->add_option("--seed", running.seed, "the same seed gives the same text");
    command->add_option("--memory", running.memory_mib, "MiB for what the model remembers");
    command->callback([this] { action = [this] { return report(run_model(running)); }; });
  }

  void add_pipeline() {
    CLI::App* command = program.add_subcommand("pipeline", "put a model to one of the Hub's tasks");
    std::string tasks = "\n\nTasks, and what they take:\n";
    for (const auto& task : transformers::Pipeline::tasks())
      tasks += cat("  ", task.name, ": ", task.takes, "\n");
    command->footer(tasks);
    command->add_option("task", piping.task, "one of those below, or auto")->required();
    add_model(command, piping.place);
    command
        ->add_option("input", piping.input,
                     "a text, JSON that begins with {, [ or \", @FILE, or - for standard input; a "
                     "text that begins with @ or { is given as a JSON string")
        ->required();
    command->add_option("--parameters", piping.parameters,
                        "a JSON object, as the Hub's API has it");
    add_loading(command, piping.precision, piping.threads);
    add_place(command, piping.place);
    command->callback([this] { action = [this] { return report(run_pipeline(piping)); }; });
  }

  CLI::App* add_verb(CLI::App* noun, const std::string& verb, const std::string& help,
                     AdminCommand::Kind kind) {
    CLI::App* command = noun->add_subcommand(verb, help);
    command->callback([this, kind] {
      admin.kind = kind;
      action = [this] {
        return with_settings(
            [this](Settings settings) { return run_admin(std::move(settings), admin); });
      };
    });
    return command;
  }

  void add_admin() {
    using Kind = AdminCommand::Kind;
    CLI::App* command = program.add_subcommand("admin", "manage accounts and storage");
    flags.add(*command, false);
    command->require_subcommand(1);
    CLI::App* user = command->add_subcommand("user", "users")->require_subcommand(1);
    CLI::App* create = add_verb(user, "create", "create a user", Kind::UserCreate);
    create->add_option("name", admin.name)->required();
    create->add_option("--password", admin.password,
                       "at least 8 characters; without one only tokens work");
    create->add_option("--email", admin.email);
    create->add_flag("--admin", admin.is_admin, "administrator of the whole hub");
    CLI::App* password = add_verb(user, "password", "change a password", Kind::UserPassword);
    password->add_option("name", admin.name)->required();
    password->add_option("--password", admin.password)->required();
    add_verb(user, "list", "list users", Kind::UserList);
    add_verb(user, "promote", "make an administrator of the whole hub", Kind::UserPromote)
        ->add_option("name", admin.name)
        ->required();
    add_verb(user, "demote", "make a plain user again", Kind::UserDemote)
        ->add_option("name", admin.name)
        ->required();

    CLI::App* org = command->add_subcommand("org", "organizations")->require_subcommand(1);
    CLI::App* org_create = add_verb(org, "create", "create an organization", Kind::OrgCreate);
    org_create->add_option("name", admin.name)->required();
    org_create->add_option("--owner", admin.owner, "its first admin")->required();
    CLI::App* member =
        org->add_subcommand("member", "members of an organization")->require_subcommand(1);
    CLI::App* add = add_verb(member, "add", "add a member or change a role", Kind::OrgMemberAdd);
    add->add_option("org", admin.name)->required();
    add->add_option("user", admin.member)->required();
    add->add_option("--role", admin.role, "admin, write, contributor or read")->required();
    CLI::App* remove = add_verb(member, "remove", "remove a member", Kind::OrgMemberRemove);
    remove->add_option("org", admin.name)->required();
    remove->add_option("user", admin.member)->required();

    CLI::App* token = command->add_subcommand("token", "access tokens")->require_subcommand(1);
    CLI::App* mint = add_verb(token, "create", "create a token and print it", Kind::TokenCreate);
    mint->add_option("user", admin.name)->required();
    mint->add_option("--role", admin.role, "read, write or admin")->required();
    mint->add_option("--name", admin.token_name, "how lists show it");
    mint->add_option("--value", admin.token_value, "this token instead of a fresh one (hf_...)");
    add_storage(command);
  }
  void add_storage(CLI::App* command) {
    using Kind = AdminCommand::Kind;
    CLI::App* gc = add_verb(command, "gc", "remove large files that nobody can reach", Kind::Gc);
    gc->add_flag("--dry-run", admin.is_dry_run, "say what would be removed, and remove nothing");
    add_verb(command, "storage", "what is used, stored and saved, by namespace", Kind::Storage);
    CLI::App* quota = command->add_subcommand("quota", "storage quotas")->require_subcommand(1);
    CLI::App* set =
        add_verb(quota, "set", "set the quota of a user or organization", Kind::QuotaSet);
    set->add_option("name", admin.name)->required();
    set->add_option("size", admin.quota, "500GiB, \"none\", or \"default\" for the setting")
        ->required();
    CLI::App* jobs = command->add_subcommand("jobs", "the queue of jobs")->require_subcommand(1);
    add_verb(jobs, "list", "the newest, with what went wrong", Kind::JobsList);
    add_verb(jobs, "retry", "run a failed job again", Kind::JobsRetry)
        ->add_option("id", admin.job)
        ->required();
  }
};

}  // namespace

int run_command_line(int argc, char** argv) {
  CommandLine line;
  try {
    line.program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = line.program.exit(error);
    return status == 0 ? 0 : 2;
  }
  return line.action();
}

}  // namespace embrace::app
