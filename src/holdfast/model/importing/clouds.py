"""What the resource types of the large clouds' Terraform providers are; a type that is not here becomes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.model.types import Kind

PROVIDERS: Mapping[str, str] = {
    "aws": "Amazon Web Services",
    "azurerm": "Microsoft Azure",
    "google": "Google Cloud",
    "google-beta": "Google Cloud",
    "oci": "Oracle Cloud",
    "ibm": "IBM Cloud",
    "alicloud": "Alibaba Cloud",
    "digitalocean": "DigitalOcean",
    "hcloud": "Hetzner Cloud",
    "ovh": "OVHcloud",
    "scaleway": "Scaleway",
    "cloudflare": "Cloudflare",
    "openstack": "OpenStack",
    "vsphere": "VMware vSphere",
}
# What runs in the institution's own rooms is no third party.
OWN_PROVIDERS = frozenset({"openstack", "vsphere"})

_TYPES: Mapping[Kind, str] = {
    "host": (
        "aws_instance aws_autoscaling_group aws_eks_cluster aws_eks_node_group aws_ecs_cluster "
        "aws_spot_instance_request aws_ec2_host aws_cloudhsm_v2_cluster azurerm_linux_virtual_machine "
        "azurerm_windows_virtual_machine azurerm_virtual_machine azurerm_linux_virtual_machine_scale_set "
        "azurerm_windows_virtual_machine_scale_set azurerm_kubernetes_cluster "
        "azurerm_kubernetes_cluster_node_pool azurerm_dedicated_host google_compute_instance "
        "google_compute_instance_group_manager google_container_cluster "
        "google_compute_region_instance_group_manager google_container_node_pool vsphere_virtual_machine "
        "openstack_compute_instance_v2 hcloud_server digitalocean_droplet oci_core_instance ibm_is_instance "
        "scaleway_instance_server alicloud_instance"
    ),
    "database": (
        "aws_db_instance aws_rds_cluster aws_rds_cluster_instance aws_dynamodb_table aws_docdb_cluster "
        "aws_elasticache_cluster aws_elasticache_replication_group aws_redshift_cluster aws_neptune_cluster "
        "aws_opensearch_domain aws_elasticsearch_domain aws_rds_global_cluster azurerm_mssql_server "
        "azurerm_mssql_database azurerm_mssql_managed_instance azurerm_sql_database azurerm_postgresql_server "
        "azurerm_postgresql_flexible_server azurerm_mysql_flexible_server azurerm_cosmosdb_account "
        "azurerm_redis_cache azurerm_mysql_server azurerm_mariadb_server google_sql_database_instance "
        "google_spanner_instance google_bigtable_instance google_redis_instance google_alloydb_cluster "
        "google_firestore_database google_bigquery_dataset oci_database_db_system digitalocean_database_cluster"
    ),
    "application": (
        "aws_ecs_service aws_lambda_function aws_apprunner_service aws_elastic_beanstalk_environment "
        "aws_api_gateway_rest_api aws_apigatewayv2_api aws_sqs_queue aws_sns_topic aws_msk_cluster aws_mq_broker "
        "aws_kinesis_stream aws_sfn_state_machine aws_cognito_user_pool aws_transfer_server "
        "azurerm_linux_web_app azurerm_windows_web_app azurerm_app_service azurerm_function_app "
        "azurerm_linux_function_app azurerm_container_app azurerm_container_group azurerm_servicebus_namespace "
        "azurerm_eventhub_namespace azurerm_api_management azurerm_logic_app_workflow google_cloud_run_service "
        "google_cloud_run_v2_service google_cloudfunctions_function google_cloudfunctions2_function "
        "google_app_engine_application google_pubsub_topic"
    ),
    "network": (
        "aws_lb aws_alb aws_elb aws_nat_gateway aws_vpn_connection aws_dx_connection aws_route53_zone "
        "aws_cloudfront_distribution aws_ec2_transit_gateway aws_internet_gateway aws_networkfirewall_firewall "
        "aws_vpn_gateway aws_globalaccelerator_accelerator azurerm_lb azurerm_application_gateway "
        "azurerm_firewall azurerm_virtual_network_gateway azurerm_express_route_circuit azurerm_frontdoor "
        "azurerm_dns_zone azurerm_nat_gateway azurerm_traffic_manager_profile azurerm_vpn_gateway "
        "azurerm_cdn_frontdoor_profile google_compute_forwarding_rule google_compute_global_forwarding_rule "
        "google_compute_router_nat google_compute_vpn_tunnel google_compute_interconnect_attachment "
        "google_dns_managed_zone google_compute_router hcloud_load_balancer digitalocean_loadbalancer "
        "cloudflare_load_balancer"
    ),
    "information": (
        "aws_s3_bucket aws_efs_file_system aws_ebs_volume aws_fsx_windows_file_system aws_kms_key "
        "aws_backup_vault aws_secretsmanager_secret aws_ecr_repository azurerm_storage_account "
        "azurerm_managed_disk azurerm_key_vault azurerm_recovery_services_vault azurerm_netapp_volume "
        "azurerm_storage_share azurerm_container_registry google_storage_bucket google_filestore_instance "
        "google_kms_key_ring google_compute_disk google_secret_manager_secret "
        "google_artifact_registry_repository"
    ),
}
TYPES: Mapping[str, Kind] = {name: kind for kind, names in _TYPES.items() for name in names.split()}

# The attributes that say where something is, the narrowest first, and those that are its name.
PLACES = ("availability_zone", "zone", "zones", "location", "region")
NAMES = ("name", "identifier", "cluster_identifier", "function_name", "bucket", "id")
