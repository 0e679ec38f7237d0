#pragma once
// Every endpoint, declared once. Each is defined in the file named in the comment.

#include "api/call.h"

namespace embrace::api {

#define EMB_ENDPOINT(name) Task<Result<http::Response>> name(Call& call)

// ops/
EMB_ENDPOINT(health);        // health.cc
EMB_ENDPOINT(metrics_page);  // metrics_page.cc

// pages/page.cc
EMB_ENDPOINT(page_file);
EMB_ENDPOINT(page);

// hf/site.cc
EMB_ENDPOINT(site);
EMB_ENDPOINT(rights);
// hf/identity.cc
EMB_ENDPOINT(whoami);
EMB_ENDPOINT(auth_check);
EMB_ENDPOINT(agent_harnesses);
EMB_ENDPOINT(telemetry);
// hf/session.cc
EMB_ENDPOINT(log_in);
EMB_ENDPOINT(log_out);
EMB_ENDPOINT(sign_up);
EMB_ENDPOINT(list_tokens);
EMB_ENDPOINT(create_token);
EMB_ENDPOINT(delete_token);
// hf/oauth.cc
EMB_ENDPOINT(begin_device_login);
EMB_ENDPOINT(device_login_page);
EMB_ENDPOINT(decide_device_login);
EMB_ENDPOINT(oauth_token);
EMB_ENDPOINT(avatar);  // avatar.cc
// hf/accounts.cc
EMB_ENDPOINT(user_overview);
EMB_ENDPOINT(organization_overview);
EMB_ENDPOINT(organization_members);
EMB_ENDPOINT(no_followers);
// hf/profile.cc
EMB_ENDPOINT(own_profile);
EMB_ENDPOINT(edit_own_profile);
EMB_ENDPOINT(change_password);
EMB_ENDPOINT(create_organization);
EMB_ENDPOINT(edit_organization);
EMB_ENDPOINT(set_member_role);
EMB_ENDPOINT(remove_member);
// hf/repos.cc
EMB_ENDPOINT(create_repo);
EMB_ENDPOINT(delete_repo);
EMB_ENDPOINT(move_repo);
EMB_ENDPOINT(repo_settings);
EMB_ENDPOINT(duplicate_repo);
// hf/info.cc
EMB_ENDPOINT(repo_info);
// hf/listing.cc
EMB_ENDPOINT(list_repos);
EMB_ENDPOINT(tags_by_type);
EMB_ENDPOINT(own_repositories);
// hf/search.cc
EMB_ENDPOINT(quick_search);
EMB_ENDPOINT(full_text_search);
// hf/tree.cc
EMB_ENDPOINT(tree);
EMB_ENDPOINT(paths_info);
EMB_ENDPOINT(tree_size);
// hf/resolve.cc
EMB_ENDPOINT(resolve);
EMB_ENDPOINT(raw);
// hf/upload.cc
EMB_ENDPOINT(validate_yaml);
EMB_ENDPOINT(preupload);
EMB_ENDPOINT(commit);
// hf/refs.cc
EMB_ENDPOINT(refs);
EMB_ENDPOINT(commits);
EMB_ENDPOINT(create_branch);
EMB_ENDPOINT(delete_branch);
EMB_ENDPOINT(create_tag);
EMB_ENDPOINT(delete_tag);
EMB_ENDPOINT(super_squash);
// hf/changes.cc
EMB_ENDPOINT(commit_change);
EMB_ENDPOINT(compare);
EMB_ENDPOINT(blame);
// hf/pulls.cc
EMB_ENDPOINT(list_discussions);
EMB_ENDPOINT(create_discussion);
EMB_ENDPOINT(discussion_details);
// hf/lfs_files.cc
EMB_ENDPOINT(list_lfs_files);
EMB_ENDPOINT(delete_lfs_files);
EMB_ENDPOINT(delete_lfs_file);
EMB_ENDPOINT(duplicate_lfs_files);
// hf/not_built.cc
EMB_ENDPOINT(not_built);

// admin/
EMB_ENDPOINT(admin_list_users);  // accounts.cc
EMB_ENDPOINT(admin_create_user);
EMB_ENDPOINT(admin_change_user);
EMB_ENDPOINT(admin_list_organizations);
EMB_ENDPOINT(admin_storage);  // storage.cc
EMB_ENDPOINT(admin_collect_garbage);
EMB_ENDPOINT(admin_set_quota);
EMB_ENDPOINT(admin_jobs);  // machine.cc
EMB_ENDPOINT(admin_retry_job);
EMB_ENDPOINT(admin_health);
EMB_ENDPOINT(admin_settings);

// lfs/
EMB_ENDPOINT(lfs_batch);  // batch.cc
EMB_ENDPOINT(lfs_verify);
EMB_ENDPOINT(lfs_verify_granted);
EMB_ENDPOINT(lfs_upload);  // transfer.cc
EMB_ENDPOINT(lfs_part);
EMB_ENDPOINT(lfs_part_state);
EMB_ENDPOINT(lfs_complete);
EMB_ENDPOINT(lfs_download);
EMB_ENDPOINT(lfs_create_lock);  // locks.cc
EMB_ENDPOINT(lfs_list_locks);
EMB_ENDPOINT(lfs_verify_locks);
EMB_ENDPOINT(lfs_unlock);

// xet/
EMB_ENDPOINT(xet_read_token);  // tokens.cc
EMB_ENDPOINT(xet_write_token);
EMB_ENDPOINT(xet_reconstruction_v1);  // reconstructions.cc
EMB_ENDPOINT(xet_reconstruction_v2);
EMB_ENDPOINT(xet_reconstructions);
EMB_ENDPOINT(xet_reconstructions_posted);
EMB_ENDPOINT(xet_file);
EMB_ENDPOINT(xet_file_chunks);
EMB_ENDPOINT(xet_xorb);  // xorbs.cc
EMB_ENDPOINT(xet_upload_xorb);
EMB_ENDPOINT(xet_fetch);
EMB_ENDPOINT(xet_upload_shard_v1);  // shards.cc
EMB_ENDPOINT(xet_upload_shard_v2);
EMB_ENDPOINT(xet_chunk);  // chunks.cc
EMB_ENDPOINT(xet_telemetry);
EMB_ENDPOINT(xet_health);

// git/smart_http.cc
EMB_ENDPOINT(git_info_refs);
EMB_ENDPOINT(git_upload_pack);
EMB_ENDPOINT(git_receive_pack);
EMB_ENDPOINT(git_dumb);

#undef EMB_ENDPOINT

}  // namespace embrace::api
